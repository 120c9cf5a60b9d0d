package org.tfprune.demo.core;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What an app's benchmark prints: one JSON document, described key by key in docs/android.md. */
public final class Document {
  private static final int FORMAT = 1;

  /** Letters of base64 in one document: a result must pass through Android's Binder (1 MB). */
  private static final int MOST_LETTERS = 200_000;

  private final File folder;
  private int lettersLeft = MOST_LETTERS;

  /**
   * @param folder where outputs go that are too large for the document; adb must be able to read it
   */
  public Document(File folder) {
    this.folder = folder;
  }

  /** Returns the document of a benchmark that went well. */
  public String write(Benchmark benchmark, Settings settings, String runtime, String abi)
      throws Failure {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("format", FORMAT);
    document.put("runner", "app");
    document.put("abi", abi);
    document.put("runtime", runtime);
    document.put("threads", settings.threads);
    document.put("cpu_mask", "");
    List<Object> models = new ArrayList<>();
    for (Session session : benchmark.sessions()) {
      models.add(model(session, settings.xnnpack));
    }
    document.put("models", models);
    return Json.write(document);
  }

  /** Returns the document of one that did not. */
  public static String write(Failure failure) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("file", failure.file);
    error.put("step", failure.step.word);
    error.put("text", failure.getMessage());
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("format", FORMAT);
    document.put("error", error);
    return Json.write(document);
  }

  private Map<String, Object> model(Session session, boolean xnnpack) throws Failure {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("file", session.file);
    model.put("load_ms", session.loadMs);
    model.put("first_ms", session.firstMs);
    model.put("warmup_runs", session.warmupRuns());
    model.put("settled", session.settled());
    model.put("rounds_ms", session.rounds());
    model.put("peak_memory_bytes", session.peakMemory);
    model.put("fully_accelerated", null); // LiteRT's Java API does not say
    model.put("delegate", xnnpack ? "XNNPACK" : "builtin kernels");
    model.put("outputs", outputs(session));
    model.put("ops", null);
    return model;
  }

  private List<Object> outputs(Session session) throws Failure {
    List<Object> outputs = new ArrayList<>();
    for (int i = 0; i < session.engine.outputs().size(); i++) {
      TensorSpec spec = session.engine.outputs().get(i);
      Map<String, Object> output = new LinkedHashMap<>();
      output.put("name", spec.name);
      output.put("type", spec.type.word);
      output.put("shape", spec.shape());
      values(output, session.engine.output(i), session.file + "." + i + ".out");
      outputs.add(output);
    }
    return outputs;
  }

  private void values(Map<String, Object> output, byte[] bytes, String name) throws Failure {
    int letters = Base64Text.length(bytes.length);
    if (letters <= lettersLeft) {
      lettersLeft -= letters;
      output.put("base64", Base64Text.encode(bytes));
      return;
    }
    File file = new File(folder, name);
    try (FileOutputStream stream = new FileOutputStream(file)) {
      stream.write(bytes);
    } catch (IOException error) {
      String text = "cannot write " + file + ": " + error.getMessage();
      throw new Failure(Failure.Step.OUTPUT, "", text);
    }
    output.put("file", file.getPath());
  }
}
