package org.tfprune.demo.core;

import java.io.Closeable;
import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Models timed side by side: in each round all run in turn, every other round backwards. */
public final class Benchmark implements Closeable {
  /** Hears how far it is. */
  public interface Progress {
    void at(int done, int of);
  }

  private final Settings settings;
  private final List<Session> sessions = new ArrayList<>();

  /**
   * Loads all models; if one fails, none stays open.
   *
   * @param models their files; inputs are read from a file beside each that ends in {@code .in}
   */
  public Benchmark(Engine.Loader loader, List<File> models, Settings settings, ProcessMemory memory)
      throws Failure {
    this.settings = settings;
    try {
      for (File model : models) {
        File inputs = new File(model.getPath().replaceAll("\\.tflite$", "") + ".in");
        sessions.add(Session.open(loader, model, inputs, settings, memory));
      }
    } catch (Failure failure) {
      close();
      throw failure;
    }
  }

  /** The models, in the order in which they were given. */
  public List<Session> sessions() {
    return Collections.unmodifiableList(sessions);
  }

  /**
   * Warms up, then runs all rounds. Interrupting the thread stops it.
   *
   * @param progress hears after each model of each round
   */
  public void run(Progress progress) throws Failure {
    int[] rounds = settings.rounds();
    int of = (rounds.length + 1) * sessions.size();
    int done = 0;
    for (Session session : sessions) {
      session.warmUp(settings.warmup);
      progress.at(++done, of);
    }
    List<Session> order = new ArrayList<>(sessions);
    for (int runs : rounds) {
      for (Session session : order) {
        session.measure(runs);
        progress.at(++done, of);
      }
      Collections.reverse(order);
    }
  }

  @Override
  public void close() {
    for (Session session : sessions) {
      session.close();
    }
  }
}
