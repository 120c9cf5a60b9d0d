package org.tfprune.demo.core;

/** Something a user can act on: which file, at which step, and why, in words. */
public final class Failure extends Exception {
  private static final long serialVersionUID = 1;

  /** Where it happened; {@link #word} is its name in a result. */
  public enum Step {
    ARGUMENTS("arguments"),
    LIBRARY("library"),
    LOAD("load"),
    INPUT("input"),
    RUN("run"),
    OUTPUT("output");

    public final String word;

    Step(String word) {
      this.word = word;
    }
  }

  public final Step step;
  public final String file;

  /**
   * @param step where it happened
   * @param file the name of the model it is about, or "" if it is about none
   * @param text what was found, for the user
   */
  public Failure(Step step, String file, String text) {
    super(text);
    this.step = step;
    this.file = file;
  }

  /** Returns the same failure, known to be about {@code file}. */
  public Failure in(String file) {
    Failure named = new Failure(step, file, getMessage());
    named.initCause(this);
    return named;
  }
}
