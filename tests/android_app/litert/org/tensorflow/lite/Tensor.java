package org.tensorflow.lite;

/** A tensor of a model; see {@link InterpreterApi} for the source. */
public interface Tensor {
  /** How a quantized number stands for a real one. */
  class QuantizationParams {
    private final float scale;
    private final int zeroPoint;

    public QuantizationParams(float scale, int zeroPoint) {
      this.scale = scale;
      this.zeroPoint = zeroPoint;
    }

    public float getScale() {
      return scale;
    }

    public int getZeroPoint() {
      return zeroPoint;
    }
  }

  DataType dataType();

  int[] shape();

  int index();

  String name();

  QuantizationParams quantizationParams();
}
