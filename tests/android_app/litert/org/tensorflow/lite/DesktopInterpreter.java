package org.tensorflow.lite;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;

/**
 * Runs models on a desktop: these signatures over LiteRT's C API (desktop.c), in the library that
 * the Python package ai-edge-litert ships. The app cannot name this class.
 */
final class DesktopInterpreter implements InterpreterApi {
  private static final String ONLY_SIGNATURE = "serving_default";

  private final long handle;
  private Long nanoseconds;

  static {
    System.load(System.getProperty("desktop"));
  }

  DesktopInterpreter(File model, Options options) {
    if (!options.xnnpack) {
      throw new IllegalArgumentException("the desktop has XNNPACK alone");
    }
    handle = open(System.getProperty("litert"), model.getPath(), options.threads);
  }

  @Override
  public void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs) {
    for (int i = 0; i < inputs.length; i++) {
      copy(handle, true, i, (ByteBuffer) inputs[i]);
    }
    long start = System.nanoTime();
    run(handle);
    nanoseconds = System.nanoTime() - start;
    outputs.forEach((index, buffer) -> copy(handle, false, index, (ByteBuffer) buffer));
  }

  @Override
  public int getInputTensorCount() {
    return count(handle, true);
  }

  @Override
  public Tensor getInputTensor(int index) {
    return new DesktopTensor(describe(handle, true, index), name(handle, true, index), index);
  }

  @Override
  public int getOutputTensorCount() {
    return count(handle, false);
  }

  @Override
  public Tensor getOutputTensor(int index) {
    int[] described = describe(handle, false, index);
    return new DesktopTensor(described, name(handle, false, index), -1 - index);
  }

  @Override
  public String[] getSignatureKeys() {
    return new String[] {ONLY_SIGNATURE};
  }

  @Override
  public String[] getSignatureInputs(String key) {
    return names(true);
  }

  @Override
  public Tensor getInputTensorFromSignature(String name, String key) {
    return getInputTensor(index(names(true), name));
  }

  @Override
  public String[] getSignatureOutputs(String key) {
    return names(false);
  }

  @Override
  public Tensor getOutputTensorFromSignature(String name, String key) {
    return getOutputTensor(index(names(false), name));
  }

  @Override
  public Long getLastNativeInferenceDurationNanoseconds() {
    return nanoseconds;
  }

  @Override
  public void close() {
    close(handle);
  }

  private String[] names(boolean input) {
    String[] names = new String[count(handle, input)];
    for (int i = 0; i < names.length; i++) {
      names[i] = name(handle, input, i);
    }
    return names;
  }

  private static int index(String[] names, String name) {
    return Arrays.asList(names).indexOf(name);
  }

  private static native long open(String library, String model, int threads);

  private static native int count(long handle, boolean input);

  /** The name in the signature. */
  private static native String name(long handle, boolean input, int index);

  /** Type, zero point, the bits of the scale, then the shape. */
  private static native int[] describe(long handle, boolean input, int index);

  private static native void copy(long handle, boolean input, int index, ByteBuffer buffer);

  private static native void run(long handle);

  private static native void close(long handle);
}
