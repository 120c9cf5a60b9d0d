package org.tfprune.demo.core;

import java.io.Closeable;
import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One model under test, and the times measured so far, in milliseconds. */
public final class Session implements Closeable {
  private static final int BATCH = 5;
  private static final int MOST_BATCHES = 21;
  private static final double MOST_MS = 5_000;

  public final String file;
  public final double loadMs;
  public final double firstMs;

  /** Bytes above what the process had before; null if they cannot be told. */
  public final Long peakMemory;

  final Engine engine;
  private final List<double[]> rounds = new ArrayList<>();
  private int warmupRuns;
  private boolean settled;

  private Session(String file, Engine engine, double loadMs, double firstMs, Long peakMemory) {
    this.file = file;
    this.engine = engine;
    this.loadMs = loadMs;
    this.firstMs = firstMs;
    this.peakMemory = peakMemory;
  }

  /**
   * Loads a model and runs it once.
   *
   * @param inputs a file as {@link Inputs} reads it; random numbers if there is none
   */
  public static Session open(
      Engine.Loader loader, File model, File inputs, Settings settings, ProcessMemory memory)
      throws Failure {
    memory.begin();
    long start = System.nanoTime();
    Engine engine = loader.load(model, settings.threads, settings.xnnpack);
    double loadMs = (System.nanoTime() - start) / 1e6;
    try {
      Inputs.feed(engine, inputs);
      double firstMs = engine.run() / 1e6;
      return new Session(model.getName(), engine, loadMs, firstMs, memory.peak());
    } catch (Failure failure) {
      engine.close();
      throw failure.in(model.getName());
    }
  }

  /** The times of each round. */
  public List<double[]> rounds() {
    return Collections.unmodifiableList(rounds);
  }

  public int warmupRuns() {
    return warmupRuns;
  }

  /** Whether the last two batches of the warm-up took the same time. */
  public boolean settled() {
    return settled;
  }

  /** Runs untimed: so many times, or, for -1, until two batches in a row take the same time. */
  public void warmUp(int runs) throws Failure {
    if (runs >= 0) {
      time(runs);
      warmupRuns = runs;
      return;
    }
    double[] batch = time(BATCH);
    double spent = sum(batch);
    int batches = 1;
    while (!settled && batches < MOST_BATCHES && spent <= MOST_MS) {
      double[] earlier = batch;
      batch = time(BATCH);
      batches++;
      spent += sum(batch);
      settled = Statistics.settled(earlier, batch);
    }
    warmupRuns = batches * BATCH;
  }

  /** Adds a round; one run before it is not counted, for it refills the caches. */
  public void measure(int runs) throws Failure {
    time(1);
    rounds.add(time(runs));
  }

  @Override
  public void close() {
    engine.close();
  }

  private double[] time(int runs) throws Failure {
    double[] times = new double[runs];
    for (int i = 0; i < runs; i++) {
      if (Thread.currentThread().isInterrupted()) {
        throw new Failure(Failure.Step.RUN, file, "it was stopped");
      }
      try {
        times[i] = engine.run() / 1e6;
      } catch (Failure failure) {
        throw failure.in(file);
      }
    }
    return times;
  }

  private static double sum(double[] times) {
    double sum = 0;
    for (double time : times) {
      sum += time;
    }
    return sum;
  }
}
