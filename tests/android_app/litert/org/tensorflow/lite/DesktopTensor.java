package org.tensorflow.lite;

import java.util.Arrays;

/** A tensor as {@code DesktopInterpreter.describe} tells it. */
final class DesktopTensor implements Tensor {
  private static final int FLOAT32 = 1; // LiteRtElementType begins with "none"
  private static final int INT8 = 9; // complex numbers lie between

  private final int[] described;
  private final String name;
  private final int index;

  DesktopTensor(int[] described, String name, int index) {
    this.described = described;
    this.name = name;
    this.index = index;
  }

  @Override
  public DataType dataType() {
    int type = described[0];
    return type == INT8 ? DataType.INT8 : DataType.values()[type - FLOAT32];
  }

  @Override
  public int[] shape() {
    return Arrays.copyOfRange(described, 3, described.length);
  }

  @Override
  public int index() {
    return index;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public QuantizationParams quantizationParams() {
    return new QuantizationParams(Float.intBitsToFloat(described[2]), described[1]);
  }
}
