package org.tfprune.demo.core;

import java.io.Closeable;
import java.io.File;
import java.util.List;

/** A loaded model: all that this package needs of a runtime. Used by one thread at a time. */
public interface Engine extends Closeable {
  /** Loads models; the runtime itself. */
  interface Loader {
    /**
     * @param threads how many the model may use, 1 or more
     * @param xnnpack whether to use XNNPACK where it can, or the builtin kernels alone
     * @throws Failure if the file is no model, or the runtime cannot run it
     */
    Engine load(File model, int threads, boolean xnnpack) throws Failure;

    /**
     * Returns name and version of the runtime.
     *
     * @throws Failure if it does not start
     */
    String version() throws Failure;
  }

  List<TensorSpec> inputs();

  List<TensorSpec> outputs();

  /** Sets an input, which stays set; {@code bytes} are as many as its spec says. */
  void feed(int input, byte[] bytes);

  /** Runs the model once and returns the nanoseconds that took, without copying in and out. */
  long run() throws Failure;

  /** Returns an output of the last run. */
  byte[] output(int output);

  @Override
  void close();
}
