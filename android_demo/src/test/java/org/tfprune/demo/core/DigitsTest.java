package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.Test;

public final class DigitsTest {
  /** Two digits of 1 by 2 pixels: a 7 with ink on the right, a 3 without. */
  private static final byte[] FILE = {'D', 2, 1, 2, 7, 0, -1, 3, 0, 0};

  private static final TensorSpec TEN =
      new TensorSpec("scores", ElementType.FLOAT32, new int[] {1, 10}, 0, 0);

  @Test
  public void digitsHaveLabelsAndInk() throws Failure {
    List<Digits.Digit> digits = read(FILE);
    assertEquals(7, digits.get(0).label);
    assertEquals(255, digits.get(0).ink(0, 1));
    assertEquals("around it is paper", 0, digits.get(0).ink(1, 1));
    assertEquals(3, digits.get(1).label);
  }

  @Test
  public void aFileCutShortOrOfAnotherKindIsRefused() {
    byte[] shorter = Arrays.copyOf(FILE, FILE.length - 1);
    assertThrows(Failure.class, () -> read(shorter));
    assertThrows(Failure.class, () -> read(new byte[] {'P', 1, 1, 1, 7, 0}));
    assertThrows(Failure.class, () -> read(new byte[0]));
  }

  @Test
  public void aDigitLiesInTheMiddleOfTheInputInAllChannels() throws Failure {
    TensorSpec spec = new TensorSpec("x", ElementType.FLOAT32, new int[] {1, 3, 2, 3}, 0, 0);
    float[] values = spec.decode(Classifier.input(spec, read(FILE).get(0)));
    assertArrayEquals(
        new float[] {0, 0, 0, 0, 0, 0, /**/ 0, 0, 0, 1, 1, 1, /**/ 0, 0, 0, 0, 0, 0}, values, 0);
  }

  @Test
  public void theHighestScoreIsTheAnswer() throws Failure {
    FakeEngine engine = FakeEngine.of(picture(1, 2), TEN);
    engine.answer = TEN.encode(new float[] {0, 0, 0, 0, 0, 0, 0, 0.75f, 0.25f, 0});
    Classifier.Guess guess = Classifier.classify(engine, read(FILE).get(0));
    assertEquals(7, guess.label);
    assertEquals(0.75f, guess.confidence, 0);
  }

  @Test
  public void logitsBecomeProbabilities() {
    Classifier.Guess guess = Classifier.best(new float[] {-1, 2, 2, -60, 0});
    assertEquals(1, guess.label);
    assertEquals(0.46, guess.confidence, 0.005); // e^2 / (e^-1 + 2 e^2 + e^-60 + 1)
  }

  @Test
  public void aModelForSomethingElseIsNamedAsSuch() {
    unfit(picture(1, 1), TEN, "it takes float32 1x1x1x1, not a picture of 1 by 2 or more");
    unfit(TEN, TEN, "it takes float32 1x10, not a picture of 1 by 2 or more");
    unfit(picture(1, 2), picture(1, 2), "it gives float32 1x1x2x1, not ten numbers");
  }

  private static void unfit(TensorSpec input, TensorSpec output, String why) {
    FakeEngine engine = FakeEngine.of(input, output);
    Failure failure =
        assertThrows(Failure.class, () -> Classifier.classify(engine, read(FILE).get(0)));
    assertEquals("this is no model for digits: " + why, failure.getMessage());
  }

  private static TensorSpec picture(int rows, int columns) {
    int[] shape = {1, rows, columns, 1};
    return new TensorSpec("x", ElementType.FLOAT32, shape, 0, 0);
  }

  private static List<Digits.Digit> read(byte[] file) throws Failure {
    return Digits.read(new ByteArrayInputStream(file));
  }
}
