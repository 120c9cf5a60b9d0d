package org.tfprune.demo;

import android.os.Handler;
import android.os.Looper;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.tfprune.demo.core.Failure;

/** A thread for what takes time, one task after another; their results go to the main thread. */
final class Background {
  /** Something that takes time. */
  interface Task {
    /** Runs in the background, and returns what the main thread does with the result. */
    Runnable run() throws Failure;
  }

  /** Hears on the main thread how tasks end. */
  interface Listener {
    void done();

    void failed(String text);
  }

  private final Handler main = new Handler(Looper.getMainLooper());
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final Listener listener;

  Background(Listener listener) {
    this.listener = listener;
  }

  /** Runs a task when those before it have ended. One that is interrupted ends without a word. */
  Future<?> submit(Task task) {
    return thread.submit(
        () -> {
          try {
            Runnable change = task.run();
            onMain(
                () -> {
                  change.run();
                  listener.done();
                });
          } catch (Failure failure) {
            if (!Thread.interrupted()) {
              onMain(() -> listener.failed(failure.getMessage()));
            }
          } catch (OutOfMemoryError error) {
            String text = "This model needs more memory than the phone gives to an app.";
            onMain(() -> listener.failed(text));
          } catch (RuntimeException | Error error) {
            onMain(
                () -> {
                  throw error; // a bug must not vanish in this thread
                });
          }
        });
  }

  void onMain(Runnable what) {
    main.post(what);
  }
}
