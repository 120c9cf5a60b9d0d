package org.tfprune.demo.core;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Comparisons of two models, a and b, that take the times a test tells. */
final class Compared {
  private Compared() {}

  /** Every run of a takes so many milliseconds, and every run of b. */
  static Comparison of(double a, double b) throws Failure {
    return of(new double[] {a}, new double[] {b});
  }

  /** The runs of a round take these milliseconds, in turn. */
  static Comparison of(double[] a, double[] b) throws Failure {
    List<Session> sessions = new ArrayList<>();
    for (double[] times : Arrays.asList(a, b)) {
      FakeEngine engine = new FakeEngine("fake", new ArrayList<>());
      Engine.Loader loader = engine.loader("fake");
      Settings settings = Settings.of(1, 0, times.length);
      ProcessMemory memory = new ProcessMemory(new File("none"));
      engine.millis = times;
      Session session = Session.open(loader, new File("m"), new File("none"), settings, memory);
      engine.runs = times.length - 1; // the run before a round is the last one of the row
      session.measure(times.length);
      sessions.add(session);
    }
    return Comparison.of(sessions, Arrays.asList("a", "b"));
  }
}
