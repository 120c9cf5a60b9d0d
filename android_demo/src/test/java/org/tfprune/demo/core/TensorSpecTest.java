package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

public final class TensorSpecTest {
  private static final TensorSpec FLOAT = spec(ElementType.FLOAT32, 0, 0, 1, 2);
  private static final TensorSpec SIGNED = spec(ElementType.INT8, 0.5f, -1, 4);
  private static final TensorSpec UNSIGNED = spec(ElementType.UINT8, 0.5f, 128, 4);

  @Test
  public void floatsAreLittleEndian() throws Failure {
    byte[] bytes = FLOAT.encode(new float[] {1, -2});
    assertArrayEquals(new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, (byte) 0xc0}, bytes);
    assertArrayEquals(new float[] {1, -2}, FLOAT.decode(bytes), 0);
  }

  @Test
  public void quantizedNumbersAreRoundedAndKeptInRange() throws Failure {
    float[] values = {0, 1.3f, 1000, -1000};
    byte[] bytes = SIGNED.encode(values);
    assertArrayEquals(new byte[] {-1, 2, 127, -128}, bytes);
    assertArrayEquals(new float[] {0, 1.5f, 64, -63.5f}, SIGNED.decode(bytes), 0);
    assertArrayEquals(new byte[] {-128, -125, -1, 0}, UNSIGNED.encode(values));
  }

  @Test
  public void sizesFollowTheShape() {
    assertEquals(8, FLOAT.bytes());
    assertEquals("float32 1x2", FLOAT.describe());
    assertEquals("a number alone", 1, spec(ElementType.FLOAT32, 0, 0).count());
  }

  @Test
  public void randomInputsAreTheSameEveryTimeAndIndicesAreZero() {
    assertArrayEquals(FLOAT.random(), FLOAT.random());
    assertArrayEquals(new byte[4], spec(ElementType.INT32, 0, 0, 1).random());
  }

  @Test
  public void whatHoldsNoRealNumbersSaysSo() {
    TensorSpec flags = spec(ElementType.BOOL, 0, 0, 3);
    Failure failure = assertThrows(Failure.class, () -> flags.encode(new float[3]));
    assertEquals("x is bool 3, which holds no real numbers", failure.getMessage());
  }

  private static TensorSpec spec(ElementType type, float scale, int zeroPoint, int... shape) {
    return new TensorSpec("x", type, shape, scale, zeroPoint);
  }
}
