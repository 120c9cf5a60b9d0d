package org.tfprune.demo.core;

/** Asks a model which digit a picture shows. */
public final class Classifier {
  /** What a model says of a digit. */
  public static final class Guess {
    public final int label;

    /** How sure the model is, 0 to 1. */
    public final float confidence;

    Guess(int label, float confidence) {
      this.label = label;
      this.confidence = confidence;
    }
  }

  private Classifier() {}

  /**
   * Runs a model on a digit, which stays its input.
   *
   * @throws Failure if the model is not one for digits: it takes something other than one picture
   *     large enough, or gives something other than ten numbers
   */
  public static Guess classify(Engine engine, Digits.Digit digit) throws Failure {
    if (engine.inputs().size() != 1 || engine.outputs().size() != 1) {
      throw unfit("has " + engine.inputs().size() + " inputs, " + engine.outputs().size()
          + " outputs; one of each is needed");
    }
    TensorSpec output = engine.outputs().get(0);
    if (output.count() != 10) {
      throw unfit("gives " + output.describe() + ", not ten numbers");
    }
    engine.feed(0, input(engine.inputs().get(0), digit));
    engine.run();
    return best(output.decode(engine.output(0)));
  }

  /**
   * Returns a digit as a model's input: in the middle of the picture, the same in all channels, 0
   * is paper and 1 is ink, as tfprune's demo trains them.
   */
  static byte[] input(TensorSpec spec, Digits.Digit digit) throws Failure {
    int[] shape = spec.shape();
    if (shape.length != 4 || shape[0] != 1 || shape[1] < digit.rows || shape[2] < digit.columns) {
      throw unfit("takes " + spec.describe() + ", not a picture of " + digit.rows + " by "
          + digit.columns + " or more");
    }
    int top = (shape[1] - digit.rows) / 2;
    int left = (shape[2] - digit.columns) / 2;
    float[] values = new float[spec.count()];
    for (int i = 0; i < values.length; i++) {
      int place = i / shape[3];
      values[i] = digit.ink(place / shape[2] - top, place % shape[2] - left) / 255f;
    }
    return spec.encode(values);
  }

  /** Returns the highest of ten scores; they may be probabilities or logits. */
  static Guess best(float[] scores) {
    int best = 0;
    float sum = 0;
    boolean probabilities = true;
    for (int i = 0; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
      sum += scores[i];
      probabilities &= scores[i] >= 0;
    }
    if (probabilities && Math.abs(sum - 1) < 0.05) {
      return new Guess(best, Math.min(1, scores[best]));
    }
    double total = 0;
    for (float score : scores) {
      total += Math.exp(score - scores[best]);
    }
    return new Guess(best, (float) (1 / total));
  }

  private static Failure unfit(String why) {
    return new Failure(Failure.Step.INPUT, "", "this is no model for digits: it " + why);
  }
}
