package org.tfprune.demo;

import java.io.File;
import org.tfprune.demo.core.Words;

/** A model that can be chosen. */
final class ModelFile {
  /** Where it came from. */
  enum Source {
    BUNDLED,
    PUSHED,
    OPENED
  }

  final File file;
  final Source source;

  ModelFile(File file, Source source) {
    this.file = file;
    this.source = source;
  }

  String name() {
    return file.getName();
  }

  String size() {
    return Words.bytes(file.length());
  }
}
