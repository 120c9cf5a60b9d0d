package org.tfprune.demo;

import android.app.Application;

/** Holds the work, which outlives screens. */
public final class DemoApplication extends Application {
  private Work work;

  /** Returns the work; the first call begins it, so that instrumentation runs undisturbed. */
  Work work() {
    if (work == null) {
      work = new Work(this);
    }
    return work;
  }
}
