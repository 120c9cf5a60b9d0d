package org.tfprune.demo.core;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** All that the screen shows. Touched by the main thread alone. */
public final class State {
  public List<Digits.Digit> digits = Collections.emptyList();

  /** Which digit is asked about. */
  public int digit;

  /** What the baseline and the other model say of it; "" while that is not known. */
  public final String[] guesses = {"", ""};

  public int threads = 1;
  public boolean measuring;

  /** How far a measurement is, 0 to 1. */
  public float progress;

  /** What went wrong, in words; null if nothing did. */
  public String error;

  private List<ModelFile> models = Collections.emptyList();
  private final File[] chosen = {null, null};
  private Comparison comparison;
  private Object compared;

  public List<ModelFile> models() {
    return models;
  }

  /** Takes the models found on the phone; what was opened stays, and what was chosen. */
  public void found(List<ModelFile> found) {
    List<ModelFile> all = new ArrayList<>(found);
    for (ModelFile model : models) {
      if (model.source == ModelFile.Source.OPENED) {
        all.add(model);
      }
    }
    models = Collections.unmodifiableList(all);
    for (int which = 0; which < chosen.length; which++) {
      if (chosen(which) < 0) {
        int index = Math.min(which, all.size() - 1);
        chosen[which] = index < 0 ? null : all.get(index).file;
      }
    }
  }

  /** Adds a model that the user opened, unless it is there, and compares it with the baseline. */
  public void opened(ModelFile model) {
    if (indexOf(model.file) < 0) {
      List<ModelFile> all = new ArrayList<>(models);
      all.add(model);
      models = Collections.unmodifiableList(all);
    }
    chosen[1] = model.file;
    compared = null;
  }

  /** Returns the position of the baseline (0) or of the model compared with it (1), or -1. */
  public int chosen(int which) {
    return indexOf(chosen[which]);
  }

  /** Chooses a model, and returns whether it is another than before. */
  public boolean choose(int which, int index) {
    boolean changed = chosen(which) != index;
    chosen[which] = models.get(index).file;
    return changed;
  }

  /** Whether there are models to compare. */
  public boolean ready() {
    return chosen[0] != null && chosen[1] != null;
  }

  /** Returns the chosen model itself, once {@link #ready}. */
  public ModelFile model(int which) {
    return models.get(chosen(which));
  }

  /** Returns what a measurement that begins now will be of. */
  public Object question() {
    return Arrays.asList(chosen[0], chosen[1], threads);
  }

  public void measured(Object question, Comparison comparison) {
    this.compared = question;
    this.comparison = comparison;
  }

  /** Returns the last measurement, if it is of what is chosen now; otherwise null. */
  public Comparison comparison() {
    return question().equals(compared) ? comparison : null;
  }

  private int indexOf(File file) {
    for (int i = 0; i < models.size(); i++) {
      if (models.get(i).file.equals(file)) {
        return i;
      }
    }
    return -1;
  }
}
