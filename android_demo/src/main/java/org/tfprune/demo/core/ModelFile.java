package org.tfprune.demo.core;

import java.io.File;

/** A model that can be chosen. */
public final class ModelFile {
  /** Where it came from. */
  public enum Source {
    BUNDLED,
    PUSHED,
    OPENED
  }

  public final File file;
  public final Source source;

  public ModelFile(File file, Source source) {
    this.file = file;
    this.source = source;
  }

  public String name() {
    return file.getName();
  }
}
