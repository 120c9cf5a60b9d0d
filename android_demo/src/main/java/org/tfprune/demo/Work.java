package org.tfprune.demo;

import android.content.Context;
import android.net.Uri;
import android.os.Handler;
import android.os.Looper;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
 * Does what takes time on a thread of its own, one thing after another, and tells the screen. It
 * belongs to the process, so that turning the phone loses nothing.
 */
final class Work {
  /** The screen, while there is one. */
  interface Listener {
    void changed(State state);
  }

  /** Something that takes time, and what to do with its result on the main thread. */
  private interface Task {
    Runnable run() throws Failure;
  }

  private final State state = new State();
  private final Handler main = new Handler(Looper.getMainLooper());
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
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
    submit(
        () -> {
          List<ModelFile> found = models.list();
          List<Digits.Digit> digits = models.digits();
          return () -> {
            state.error = null;
            state.found(found);
            state.digits = digits;
            classify();
          };
        });
  }

  void open(Uri uri) {
    submit(
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
      submit(() -> () -> state.measuring = false); // comes when the thread is free
    } else if (state.ready()) {
      state.measuring = true;
      state.progress = 0;
      state.error = null;
      ModelFile baseline = state.model(0);
      ModelFile own = state.model(1);
      Object question = state.question();
      Settings settings = Settings.of(state.threads, -1, 10, 10, 10, 10, 10);
      measurement =
          submit(
              () -> {
                Comparison comparison = measure(baseline, own, settings);
                return () -> {
                  state.measuring = false;
                  state.measured(question, comparison);
                };
              });
    }
    tell();
  }

  private Comparison measure(ModelFile baseline, ModelFile own, Settings settings)
      throws Failure {
    ProcessMemory memory = new ProcessMemory(new File("/proc/self"));
    List<File> files = Arrays.asList(baseline.file, own.file);
    try (Benchmark benchmark = new Benchmark(loader, files, settings, memory)) {
      benchmark.run((done, of) -> main.post(() -> progress((float) done / of)));
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
      submit(
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

  private Future<?> submit(Task task) {
    return thread.submit(
        () -> {
          try {
            finish(task.run());
          } catch (Failure failure) {
            if (!Thread.interrupted()) { // or else the user stopped it
              finish(() -> fail(failure.getMessage()));
            }
          } catch (OutOfMemoryError error) {
            finish(() -> fail("This model needs more memory than the phone gives to an app."));
          } catch (RuntimeException error) {
            main.post(
                () -> {
                  throw error; // a bug must not vanish in this thread
                });
          }
        });
  }

  private void fail(String text) {
    state.measuring = false;
    state.error = text;
  }

  private void finish(Runnable change) {
    main.post(
        () -> {
          change.run();
          tell();
        });
  }

  private void tell() {
    if (listener != null) {
      listener.changed(state);
    }
  }
}
