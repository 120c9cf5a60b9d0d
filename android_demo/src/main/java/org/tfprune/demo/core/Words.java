package org.tfprune.demo.core;

import java.util.Locale;

/** Numbers as a person reads them. */
public final class Words {
  private Words() {}

  /** Returns a time with three digits that count: {@code "0.123 ms"}, {@code "12.3 ms"}. */
  public static String millis(double ms) {
    int decimals = ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f ms", ms);
  }

  /** Returns a size in the unit that fits: {@code "158.6 kB"}. */
  public static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + " bytes";
    }
    boolean small = bytes < 999_950;
    double number = bytes / (small ? 1e3 : 1e6);
    return String.format(Locale.ROOT, small ? "%.1f kB" : "%.1f MB", number);
  }

  /** Returns {@code "1.42 times"}. */
  public static String times(double ratio) {
    return String.format(Locale.ROOT, "%.2f times", ratio);
  }

  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }
}
