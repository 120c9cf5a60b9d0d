package org.tensorflow.lite;

import java.io.File;
import java.util.Map;

/**
 * The part of LiteRT's Java API that the app may call: what com.google.ai.edge.litert:litert 2.3
 * ships under this name, and nothing more.
 *
 * <p>Source: google-ai-edge/LiteRT at f67457790c9c, litert/kotlin/src/copied_from_tflite/java
 * (litert/kotlin/BUILD packs it into the artifacts litert-api and litert); the same members stand
 * in the reference of org.tensorflow.lite under developers.google.com/edge/api/litert/kotlin.
 */
public interface InterpreterApi extends AutoCloseable {
  /** Settings of an interpreter. */
  class Options {
    int threads = -1;
    boolean xnnpack = true;

    public Options() {}

    public Options setNumThreads(int threads) {
      this.threads = threads;
      return this;
    }

    public Options setUseXNNPACK(boolean xnnpack) {
      this.xnnpack = xnnpack;
      return this;
    }
  }

  static InterpreterApi create(File model, Options options) {
    return new DesktopInterpreter(model, options);
  }

  void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs);

  int getInputTensorCount();

  Tensor getInputTensor(int index);

  int getOutputTensorCount();

  Tensor getOutputTensor(int index);

  String[] getSignatureKeys();

  String[] getSignatureInputs(String key);

  Tensor getInputTensorFromSignature(String name, String key);

  String[] getSignatureOutputs(String key);

  Tensor getOutputTensorFromSignature(String name, String key);

  Long getLastNativeInferenceDurationNanoseconds();

  @Override
  void close();
}
