package org.tfprune.demo.litert;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.lite.InterpreterApi;
import org.tensorflow.lite.Tensor;
import org.tfprune.demo.core.ElementType;
import org.tfprune.demo.core.Engine;
import org.tfprune.demo.core.Failure;
import org.tfprune.demo.core.TensorSpec;

/** A model in LiteRT's interpreter. */
final class LiteRtEngine implements Engine {
  private final InterpreterApi interpreter;
  private final List<TensorSpec> inputs = new ArrayList<>();
  private final List<TensorSpec> outputs = new ArrayList<>();
  private final List<ByteBuffer> given = new ArrayList<>();
  private final Map<Integer, Object> results = new HashMap<>();

  /** Takes over an interpreter, and closes it if the model cannot be used. */
  LiteRtEngine(InterpreterApi interpreter) throws Failure {
    this.interpreter = interpreter;
    boolean usable = false;
    try {
      describe();
      usable = true;
    } finally {
      if (!usable) {
        interpreter.close();
      }
    }
  }

  @Override
  public List<TensorSpec> inputs() {
    return Collections.unmodifiableList(inputs);
  }

  @Override
  public List<TensorSpec> outputs() {
    return Collections.unmodifiableList(outputs);
  }

  @Override
  public void feed(int input, byte[] bytes) {
    ByteBuffer buffer = given.get(input);
    buffer.rewind();
    buffer.put(bytes);
  }

  @Override
  public long run() throws Failure {
    for (ByteBuffer buffer : given) {
      buffer.rewind();
    }
    for (Object result : results.values()) {
      ((ByteBuffer) result).rewind();
    }
    try {
      interpreter.runForMultipleInputsOutputs(given.toArray(), results);
    } catch (RuntimeException error) {
      throw new Failure(Failure.Step.RUN, "", "LiteRT cannot run it: " + error.getMessage());
    }
    return interpreter.getLastNativeInferenceDurationNanoseconds();
  }

  @Override
  public byte[] output(int output) {
    ByteBuffer buffer = (ByteBuffer) results.get(output);
    byte[] bytes = new byte[buffer.capacity()];
    buffer.rewind();
    buffer.get(bytes);
    return bytes;
  }

  @Override
  public void close() {
    interpreter.close();
  }

  private void describe() throws Failure {
    Map<Integer, String> names = signatureNames();
    for (int i = 0; i < interpreter.getInputTensorCount(); i++) {
      TensorSpec spec = spec(interpreter.getInputTensor(i), names);
      inputs.add(spec);
      given.add(buffer(spec));
    }
    for (int i = 0; i < interpreter.getOutputTensorCount(); i++) {
      TensorSpec spec = spec(interpreter.getOutputTensor(i), names);
      outputs.add(spec);
      results.put(i, buffer(spec));
    }
  }

  /** Returns tensor index → its name in the model's first signature; empty if it has none. */
  private Map<Integer, String> signatureNames() {
    Map<Integer, String> names = new HashMap<>();
    String[] keys = interpreter.getSignatureKeys();
    if (keys != null && keys.length > 0) {
      for (String name : interpreter.getSignatureInputs(keys[0])) {
        names.put(interpreter.getInputTensorFromSignature(name, keys[0]).index(), name);
      }
      for (String name : interpreter.getSignatureOutputs(keys[0])) {
        names.put(interpreter.getOutputTensorFromSignature(name, keys[0]).index(), name);
      }
    }
    return names;
  }

  private static TensorSpec spec(Tensor tensor, Map<Integer, String> names) throws Failure {
    String named = names.get(tensor.index());
    String name = named == null ? tensor.name() : named;
    Tensor.QuantizationParams how = tensor.quantizationParams();
    try {
      ElementType type = ElementType.valueOf(tensor.dataType().name());
      return new TensorSpec(name, type, tensor.shape(), how.getScale(), how.getZeroPoint());
    } catch (IllegalArgumentException error) {
      String text = name + " is " + tensor.dataType().name() + ", which the app cannot feed";
      throw new Failure(Failure.Step.LOAD, "", text);
    }
  }

  private static ByteBuffer buffer(TensorSpec spec) {
    return ByteBuffer.allocateDirect(spec.bytes()).order(ByteOrder.nativeOrder());
  }
}
