package org.tfprune.demo.core;

import java.io.File;
import java.util.Map;

/** One benchmark from its words to its document. */
public final class Job {
  private Job() {}

  /**
   * Runs a benchmark; whatever goes wrong becomes a document, too.
   *
   * @param words the settings, as {@link Settings#parse} takes them
   * @param abi the kind of machine code, for the document
   * @param outputs where large outputs are written
   * @return JSON on one line
   */
  public static String run(
      Map<String, String> words, Engine.Loader loader, String abi, File outputs) {
    try {
      Settings settings = Settings.parse(words);
      ProcessMemory memory = new ProcessMemory(new File("/proc/self"));
      try (Benchmark benchmark = new Benchmark(loader, settings.files(), settings, memory)) {
        benchmark.run((done, of) -> {});
        return new Document(outputs).write(benchmark, settings, loader.version(), abi);
      }
    } catch (Failure failure) {
      return Document.write(failure);
    } catch (OutOfMemoryError error) {
      return Document.write(new Failure(Failure.Step.RUN, "", "the app ran out of memory"));
    }
  }
}
