package org.tfprune.demo.core;

import java.util.Arrays;
import java.util.List;

/** The same statistics as on the host: tfprune/bench/spread.py. */
public final class Statistics {
  private Statistics() {}

  /**
   * Returns the value below which {@code percent} of the times lie, interpolated linearly.
   *
   * @param times in any order, at least one
   */
  public static double percentile(double[] times, double percent) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    double place = percent / 100 * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  public static double median(double[] times) {
    return percentile(times, 50);
  }

  /** Returns the times of all rounds together. */
  public static double[] flat(List<double[]> rounds) {
    int count = 0;
    for (double[] round : rounds) {
      count += round.length;
    }
    double[] all = new double[count];
    int filled = 0;
    for (double[] round : rounds) {
      System.arraycopy(round, 0, all, filled, round.length);
      filled += round.length;
    }
    return all;
  }

  /**
   * Returns how many times faster {@code own} is, round by round, so that a slow minute of the
   * phone cancels out: the median of the rounds' (median of the baseline / median of its own).
   */
  public static double ratio(List<double[]> baseline, List<double[]> own) {
    double[] ratios = new double[Math.min(baseline.size(), own.size())];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = median(baseline.get(i)) / median(own.get(i));
    }
    return median(ratios);
  }

  /** Whether two batches of times have medians that differ by at most 5 %. */
  public static boolean settled(double[] earlier, double[] later) {
    double before = median(earlier);
    return Math.abs(median(later) - before) <= 0.05 * before;
  }
}
