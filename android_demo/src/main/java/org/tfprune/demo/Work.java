package org.tfprune.demo;

import android.content.Context;
import android.net.Uri;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import org.tfprune.demo.core.Benchmark;
import org.tfprune.demo.core.Classifier;
import org.tfprune.demo.core.Comparison;
import org.tfprune.demo.core.Digits;
import org.tfprune.demo.core.Engine;
import org.tfprune.demo.core.Failure;
import org.tfprune.demo.core.ModelFile;
import org.tfprune.demo.core.ProcessMemory;
import org.tfprune.demo.core.Settings;
import org.tfprune.demo.core.State;
import org.tfprune.demo.core.Words;
import org.tfprune.demo.litert.LiteRtLoader;

/**
 * All that the user can ask for. It belongs to the process, not to a screen, so that turning the
 * phone loses nothing.
 */
final class Work implements Background.Listener {
  /** The screen, while there is one. */
  interface Listener {
    void changed(State state);
  }

  private final State state = new State();
  private final Background background = new Background(this);
  private final Engine.Loader loader = new LiteRtLoader();
  private final Models models;
  private Listener listener;
  private Future<?> measurement;

  Work(Context context) {
    models = new Models(context);
  }

  /** Sets who is told of changes, from now on and at once; null for nobody. */
  void attach(Listener listener) {
    this.listener = listener;
    tell();
  }

  /** Looks again for models that were pushed. */
  void refresh() {
    List<Digits.Digit> before = state.digits;
    background.submit(
        () -> {
          List<ModelFile> found = models.list();
          List<Digits.Digit> digits = before.isEmpty() ? models.digits() : before;
          return () -> {
            state.error = null;
            state.found(found);
            state.digits = digits;
            classify();
          };
        });
  }

  void open(Uri uri) {
    background.submit(
        () -> {
          ModelFile opened = models.open(uri);
          return () -> {
            state.opened(opened);
            classify();
          };
        });
  }

  /** Chooses a model: the baseline is 0, the one compared with it 1. */
  void choose(int which, int index) {
    if (state.choose(which, index)) {
      classify();
      tell();
    }
  }

  void showDigit(int digit) {
    state.digit = digit;
    classify();
    tell();
  }

  void setThreads(int threads) {
    if (state.threads != threads) {
      state.threads = threads;
      tell();
    }
  }

  /** Times the two models, or stops doing so. */
  void measureOrStop() {
    if (state.measuring) {
      measurement.cancel(true);
    } else if (state.ready()) {
      state.measuring = true;
      state.progress = 0;
      state.error = null;
      ModelFile baseline = state.model(0);
      ModelFile own = state.model(1);
      Object question = state.question();
      Settings settings = Settings.of(state.threads, -1, 10, 10, 10, 10, 10);
      measurement =
          background.submit(
              () -> {
                Comparison comparison = measure(baseline, own, settings);
                return () -> state.measured(question, comparison);
              });
      background.submit(() -> () -> state.measuring = false); // however it ended
    }
    tell();
  }

  private Comparison measure(ModelFile baseline, ModelFile own, Settings settings)
      throws Failure {
    ProcessMemory memory = new ProcessMemory(new File("/proc/self"));
    List<File> files = Arrays.asList(baseline.file, own.file);
    try (Benchmark benchmark = new Benchmark(loader, files, settings, memory)) {
      benchmark.run((done, of) -> background.onMain(() -> progress((float) done / of)));
      List<String> names = Arrays.asList(baseline.name(), own.name());
      return Comparison.of(benchmark.sessions(), names);
    }
  }

  private void progress(float progress) {
    state.progress = progress;
    tell();
  }

  private void classify() {
    if (!state.ready() || state.digits.isEmpty()) {
      return;
    }
    Digits.Digit digit = state.digits.get(state.digit);
    for (int i = 0; i < 2; i++) {
      int which = i;
      ModelFile model = state.model(which);
      state.guesses[which] = "";
      background.submit(
          () -> {
            String guess = guess(model.file, digit);
            return () -> state.guesses[which] = guess;
          });
    }
  }

  private String guess(File model, Digits.Digit digit) {
    try (Engine engine = loader.load(model, 1, true)) {
      Classifier.Guess guess = Classifier.classify(engine, digit);
      return guess.label + " (" + Words.percent(guess.confidence) + ")";
    } catch (Failure failure) {
      return failure.getMessage();
    }
  }

  @Override
  public void done() {
    tell();
  }

  @Override
  public void failed(String text) {
    state.error = text;
    tell();
  }

  private void tell() {
    if (listener != null) {
      listener.changed(state);
    }
  }
}
