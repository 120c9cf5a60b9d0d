package org.tensorflow.lite;

/** What is known of the runtime; see {@link InterpreterApi} for the source. */
public final class TensorFlowLite {
  private TensorFlowLite() {}

  public static String runtimeVersion() {
    return "of the desktop";
  }
}
