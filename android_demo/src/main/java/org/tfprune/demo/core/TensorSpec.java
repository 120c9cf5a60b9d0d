package org.tfprune.demo.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/** What an input or output looks like, and how numbers lie in its bytes (little-endian). */
public final class TensorSpec {
  /** The name in the model's signature; the tensor's own where the model has none. */
  public final String name;

  public final ElementType type;
  private final int[] shape;

  /** A quantized q stands for {@code scale * (q - zeroPoint)}; 0 where it is not quantized. */
  public final float scale;

  public final int zeroPoint;

  public TensorSpec(String name, ElementType type, int[] shape, float scale, int zeroPoint) {
    this.name = name;
    this.type = type;
    this.shape = shape.clone();
    this.scale = scale;
    this.zeroPoint = zeroPoint;
  }

  public int[] shape() {
    return shape.clone();
  }

  /** How many numbers it holds. */
  public int count() {
    int count = 1;
    for (int size : shape) {
      count *= size;
    }
    return count;
  }

  public int bytes() {
    return count() * type.bytes;
  }

  /** Returns for example {@code "float32 1x32x32x3"}. */
  public String describe() {
    return type.word + " " + Arrays.toString(shape).replaceAll("[\\[\\] ]", "").replace(',', 'x');
  }

  /**
   * Writes real numbers as this tensor stores them: rounded to the nearest, and kept in range.
   *
   * @throws Failure for types that hold no real numbers
   */
  public byte[] encode(float[] values) throws Failure {
    ByteBuffer buffer = ByteBuffer.allocate(bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      switch (type) {
        case FLOAT32:
          buffer.putFloat(value);
          break;
        case INT8:
          buffer.put((byte) quantized(value, -128, 127));
          break;
        case UINT8:
          buffer.put((byte) quantized(value, 0, 255));
          break;
        default:
          throw notReal(Failure.Step.INPUT);
      }
    }
    return buffer.array();
  }

  /**
   * Reads the real numbers that the bytes of this tensor stand for.
   *
   * @throws Failure for types that hold no real numbers
   */
  public float[] decode(byte[] bytes) throws Failure {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.length / type.bytes];
    for (int i = 0; i < values.length; i++) {
      switch (type) {
        case FLOAT32:
          values[i] = buffer.getFloat();
          break;
        case INT8:
          values[i] = scale * (buffer.get() - zeroPoint);
          break;
        case UINT8:
          values[i] = scale * ((buffer.get() & 0xff) - zeroPoint);
          break;
        default:
          throw notReal(Failure.Step.OUTPUT);
      }
    }
    return values;
  }

  /** Returns bytes for a model of which only the speed matters: the same in every run. */
  public byte[] random() {
    Random random = new Random(0);
    byte[] bytes = new byte[bytes()];
    if (type == ElementType.FLOAT32) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        buffer.putFloat(random.nextFloat());
      }
    } else if (type == ElementType.INT8 || type == ElementType.UINT8) {
      random.nextBytes(bytes); // any other type may be an index: zeros are always allowed
    }
    return bytes;
  }

  private int quantized(float value, int lowest, int highest) {
    int rounded = Math.round(value / scale) + zeroPoint;
    return Math.max(lowest, Math.min(highest, rounded));
  }

  private Failure notReal(Failure.Step step) {
    return new Failure(step, "", name + " is " + describe() + ", which holds no real numbers");
  }
}
