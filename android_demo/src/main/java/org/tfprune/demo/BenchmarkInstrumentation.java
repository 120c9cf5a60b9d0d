package org.tfprune.demo;

import android.app.Activity;
import android.app.Instrumentation;
import android.os.Build;
import android.os.Bundle;
import java.io.File;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tfprune.demo.core.Job;
import org.tfprune.demo.litert.LiteRtLoader;

/**
 * Benchmarks pushed models: {@code am instrument -w -e folder PATH -e models 2
 * org.tfprune.demo/.BenchmarkInstrumentation} prints one JSON document. The settings and the
 * document stand in docs/android.md.
 */
public final class BenchmarkInstrumentation extends Instrumentation {
  private Map<String, String> words;

  @Override
  public void onCreate(Bundle arguments) {
    super.onCreate(arguments);
    words = new LinkedHashMap<>();
    for (String name : arguments.keySet()) {
      words.put(name, arguments.getString(name));
    }
    start();
  }

  /** Runs on a thread of its own. */
  @Override
  @SuppressWarnings("deprecation") // SUPPORTED_ABIS could be another than the one we run as
  public void onStart() {
    super.onStart();
    File outputs = getTargetContext().getExternalFilesDir(null); // adb can read it
    File folder = outputs == null ? getTargetContext().getFilesDir() : outputs;
    String document = Job.run(words, new LiteRtLoader(), Build.CPU_ABI, folder);
    Bundle result = new Bundle();
    result.putString(REPORT_KEY_STREAMRESULT, document);
    boolean failed = document.contains("\"error\":");
    finish(failed ? Activity.RESULT_CANCELED : Activity.RESULT_OK, result);
  }
}
