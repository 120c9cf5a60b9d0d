package org.tfprune.demo.core;

import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A model that answers what a test tells it, in the time a test tells it. */
final class FakeEngine implements Engine {
  final Map<Integer, byte[]> fed = new HashMap<>();
  final List<TensorSpec> inputs = new ArrayList<>();
  final List<TensorSpec> outputs = new ArrayList<>();
  final List<String> log;
  final String name;
  byte[] answer = new byte[0];
  double[] millis = {1};
  int runs;
  boolean closed;

  FakeEngine(String name, List<String> log) {
    this.name = name;
    this.log = log;
  }

  /** One input and one output of these specs. */
  static FakeEngine of(TensorSpec input, TensorSpec output) {
    FakeEngine engine = new FakeEngine("fake", new ArrayList<>());
    engine.inputs.add(input);
    engine.outputs.add(output);
    return engine;
  }

  /** Gives this engine for every model. */
  Engine.Loader loader(String version) {
    return new Engine.Loader() {
      @Override
      public Engine load(File model, int threads, boolean xnnpack) {
        return FakeEngine.this;
      }

      @Override
      public String version() {
        return version;
      }
    };
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
    fed.put(input, bytes);
  }

  @Override
  public long run() {
    log.add(name);
    return (long) (millis[runs++ % millis.length] * 1e6);
  }

  @Override
  public byte[] output(int output) {
    return answer;
  }

  @Override
  public void close() {
    closed = true;
  }
}
