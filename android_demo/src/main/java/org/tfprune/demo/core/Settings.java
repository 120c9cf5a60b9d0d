package org.tfprune.demo.core;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What a benchmark is asked to do; the names and defaults stand in docs/android.md. */
public final class Settings {
  private static final Set<String> NAMES =
      new HashSet<>(
          Arrays.asList(
              "folder", "models", "threads", "cpu_mask", "xnnpack", "warmup", "rounds", "profile"));
  private static final int MOST = 100_000;

  public final File folder;
  public final int models;
  public final int threads;
  public final boolean xnnpack;

  /** Untimed runs of each model; -1 for as many as it takes until the times settle. */
  public final int warmup;

  private final int[] rounds;

  private Settings(
      File folder, int models, int threads, boolean xnnpack, int warmup, int[] rounds) {
    this.folder = folder;
    this.models = models;
    this.threads = threads;
    this.xnnpack = xnnpack;
    this.warmup = warmup;
    this.rounds = rounds;
  }

  /** Returns settings for models that the app has at hand. */
  public static Settings of(int threads, int warmup, int... rounds) {
    return new Settings(new File("."), 0, threads, true, warmup, rounds.clone());
  }

  /**
   * Reads the words of {@code am instrument -e NAME VALUE}.
   *
   * @throws Failure for a name or value that cannot be met, rather than doing something else
   */
  public static Settings parse(Map<String, String> words) throws Failure {
    for (String name : words.keySet()) {
      if (!NAMES.contains(name)) {
        throw wrong(name, "unknown", "one of " + new TreeSet<>(NAMES));
      }
    }
    if (!words.containsKey("folder")) {
      throw wrong("folder", "missing", "-e folder PATH, where 0.tflite lies");
    }
    if (!get(words, "cpu_mask", "").isEmpty()) {
      throw wrong("cpu_mask", "an app cannot choose its cores", "leave it out");
    }
    if (number(words, "profile", "0", 0) != 0) {
      throw wrong("profile", "LiteRT's Java API times no single ops", "leave it out");
    }
    return new Settings(
        new File(words.get("folder")),
        number(words, "models", "1", 0),
        number(words, "threads", "1", 1),
        number(words, "xnnpack", "1", 0) != 0,
        number(words, "warmup", "-1", -1),
        rounds(get(words, "rounds", "10,10,10,10,10")));
  }

  /** How many timed runs each round has. */
  public int[] rounds() {
    return rounds.clone();
  }

  /** Returns the files of the models, in their order. */
  public List<File> files() {
    List<File> files = new ArrayList<>();
    for (int i = 0; i < models; i++) {
      files.add(new File(folder, i + ".tflite"));
    }
    return files;
  }

  private static int[] rounds(String text) throws Failure {
    String[] parts = text.split(",", -1);
    int[] rounds = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      rounds[i] = parsed("rounds", parts[i], 1);
    }
    return rounds;
  }

  private static int number(Map<String, String> words, String name, String otherwise, int least)
      throws Failure {
    return parsed(name, get(words, name, otherwise), least);
  }

  private static int parsed(String name, String text, int least) throws Failure {
    try {
      int number = Integer.parseInt(text.trim());
      if (least <= number && number <= MOST) {
        return number;
      }
    } catch (NumberFormatException error) {
      // said below
    }
    throw wrong(name, "'" + text + "'", "a whole number from " + least + " to " + MOST);
  }

  private static String get(Map<String, String> words, String name, String otherwise) {
    String value = words.get(name);
    return value == null ? otherwise : value;
  }

  private static Failure wrong(String name, String found, String fix) {
    return new Failure(Failure.Step.ARGUMENTS, "", name + ": " + found + "; expected " + fix);
  }
}
