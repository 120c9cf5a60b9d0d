package org.tfprune.demo;

import java.util.Collections;
import java.util.List;
import org.tfprune.demo.core.Comparison;
import org.tfprune.demo.core.Digits;

/** All that the screen shows. Touched by the main thread alone. */
final class State {
  List<ModelFile> models = Collections.emptyList();
  List<Digits.Digit> digits = Collections.emptyList();

  /** Which models are chosen: the baseline, and the one compared with it. */
  final int[] chosen = {0, 1};

  int digit;
  int threads = 1;

  /** What each chosen model says of the digit; "" while it is not known. */
  final String[] guesses = {"", ""};

  boolean measuring;

  /** How far a measurement is, 0 to 1. */
  float progress;

  /** The last measurement; null before the first, or when other models were chosen. */
  Comparison comparison;

  /** What went wrong, in words; null if nothing did. */
  String error;

  boolean ready() {
    return chosen[0] < models.size() && chosen[1] < models.size();
  }

  ModelFile model(int which) {
    return models.get(chosen[which]);
  }
}
