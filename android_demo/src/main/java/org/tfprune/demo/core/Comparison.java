package org.tfprune.demo.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What a benchmark of two models found; stays when the models are closed. */
public final class Comparison {
  /** Less than this is noise on a phone. */
  private static final double NOISE = 0.03;

  /** One model: its name, and times in milliseconds. */
  public static final class Row {
    public final String name;
    public final double medianMs;
    public final double p10Ms;
    public final double p90Ms;
    public final double firstMs;
    public final double loadMs;
    public final Long peakMemory;

    Row(String name, Session session) {
      double[] times = Statistics.flat(session.rounds());
      this.name = name;
      this.medianMs = Statistics.median(times);
      this.p10Ms = Statistics.percentile(times, 10);
      this.p90Ms = Statistics.percentile(times, 90);
      this.firstMs = session.firstMs;
      this.loadMs = session.loadMs;
      this.peakMemory = session.peakMemory;
    }

    /** Returns the times other than the median, in one line. */
    public String details() {
      String memory = peakMemory == null ? "" : ", peak memory " + Words.bytes(peakMemory);
      return name + ": load " + Words.millis(loadMs) + ", first run " + Words.millis(firstMs)
          + memory;
    }
  }

  /** The baseline, then the model compared with it. */
  public final List<Row> rows;

  /** How many times faster the second one is. */
  public final double ratio;

  private Comparison(List<Row> rows, double ratio) {
    this.rows = Collections.unmodifiableList(rows);
    this.ratio = ratio;
  }

  /**
   * Summarizes two models that have been run side by side.
   *
   * @param names what they are called on the screen
   */
  public static Comparison of(List<Session> sessions, List<String> names) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      rows.add(new Row(names.get(i), sessions.get(i)));
    }
    double ratio = Statistics.ratio(sessions.get(0).rounds(), sessions.get(1).rounds());
    return new Comparison(rows, ratio);
  }

  /** Returns which one is faster, in a sentence. */
  public String headline() {
    String baseline = rows.get(0).name;
    String own = rows.get(1).name;
    if (Math.abs(ratio - 1) < NOISE) {
      return own + " is as fast as " + baseline + ".";
    }
    boolean faster = ratio > 1;
    String much = Words.times(faster ? ratio : 1 / ratio);
    return own + (faster ? " is " + much + " as fast as " : " takes " + much + " as long as ")
        + baseline + ".";
  }

  /** Returns the chart in words, for who cannot see it. */
  public String describe() {
    StringBuilder text = new StringBuilder(headline());
    for (Row row : rows) {
      text.append(' ').append(row.name).append(": median ").append(Words.millis(row.medianMs));
      text.append(", 10 to 90 percent of the runs between ").append(Words.millis(row.p10Ms));
      text.append(" and ").append(Words.millis(row.p90Ms)).append('.');
    }
    return text.toString();
  }
}
