package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.After;
import org.junit.Test;

public final class BenchmarkTest {
  private static final List<File> BOTH = Arrays.asList(new File("a.tflite"), new File("b.tflite"));

  private final List<String> log = new ArrayList<>();
  private final FakeEngine a = new FakeEngine("a", log);
  private final FakeEngine b = new FakeEngine("b", log);
  private final ProcessMemory memory = new ProcessMemory(new File("/proc/self"));

  @After
  public void forgetInterruption() {
    Thread.interrupted();
  }

  @Test
  public void modelsTakeTurnsAndEveryOtherRoundGoesBackwards() throws Failure {
    Benchmark benchmark = open(Settings.of(1, 0, 2, 1));
    assertEquals("each once, for first_ms", "a b", String.join(" ", log));
    log.clear();
    benchmark.run((done, of) -> {});
    assertEquals("one more run in each turn", "a a a b b b b b a a", String.join(" ", log));
  }

  @Test
  public void theRunThatRefillsTheCachesIsNotCounted() throws Failure {
    a.millis = new double[] {50, 9, 3, 4}; // first, refill, timed, timed
    Benchmark benchmark = open(Settings.of(1, 0, 2));
    benchmark.run((done, of) -> {});
    assertEquals(50, benchmark.sessions().get(0).firstMs, 0);
    assertArrayEquals(new double[] {3, 4}, benchmark.sessions().get(0).rounds().get(0), 0);
  }

  @Test
  public void warmUpEndsWhenTwoBatchesTakeTheSame() throws Failure {
    a.millis = new double[] {9, 8, 8, 8, 8, 8, 5, 5, 5, 5, 5, 4.9, 4.9, 4.9, 4.9, 4.9, 4.9};
    Session session = open(Settings.of(1, -1, 1)).sessions().get(0);
    session.warmUp(-1);
    assertEquals("8, 5, 4.9: three batches of five", 15, session.warmupRuns());
    assertTrue(session.settled());
  }

  @Test
  public void warmUpGivesUp() throws Failure {
    a.millis = new double[] {1, 1, 1, 1, 1, 2, 2, 2, 2, 2};
    Session session = open(Settings.of(1, -1, 1)).sessions().get(0);
    session.warmUp(-1);
    assertEquals(105, session.warmupRuns());
    assertFalse(session.settled());
  }

  @Test
  public void slowModelsAreWarmAfterFiveSeconds() throws Failure {
    a.millis = new double[] {1, 600, 600, 600, 600, 600, 900, 900, 900, 900, 900};
    Session session = open(Settings.of(1, -1, 1)).sessions().get(0);
    session.warmUp(-1);
    assertEquals("3 s, 4.5 s: enough", 10, session.warmupRuns());
  }

  @Test
  public void progressIsToldAfterEachTurn() throws Failure {
    List<String> heard = new ArrayList<>();
    open(Settings.of(1, 0, 1, 1)).run((done, of) -> heard.add(done + "/" + of));
    assertEquals(Arrays.asList("1/6", "2/6", "3/6", "4/6", "5/6", "6/6"), heard);
  }

  @Test
  public void anInterruptedThreadStops() throws Failure {
    Benchmark benchmark = open(Settings.of(1, 0, 1));
    Thread.currentThread().interrupt();
    Failure failure = assertThrows(Failure.class, () -> benchmark.run((done, of) -> {}));
    assertEquals("it was stopped", failure.getMessage());
  }

  @Test
  public void ifOneModelFailsTheOthersAreClosed() {
    Engine.Loader loader = loader(Arrays.asList(a));
    Failure failure =
        assertThrows(
            Failure.class, () -> new Benchmark(loader, BOTH, Settings.of(1, 0, 1), memory));
    assertEquals("load", failure.step.word);
    assertTrue(a.closed);
  }

  private Benchmark open(Settings settings) throws Failure {
    return new Benchmark(loader(Arrays.asList(a, b)), BOTH, settings, memory);
  }

  private static Engine.Loader loader(List<FakeEngine> engines) {
    List<FakeEngine> left = new ArrayList<>(engines);
    return new Engine.Loader() {
      @Override
      public Engine load(File model, int threads, boolean xnnpack) throws Failure {
        if (left.isEmpty()) {
          throw new Failure(Failure.Step.LOAD, model.getName(), "no model");
        }
        return left.remove(0);
      }

      @Override
      public String version() {
        return "fake";
      }
    };
  }
}
