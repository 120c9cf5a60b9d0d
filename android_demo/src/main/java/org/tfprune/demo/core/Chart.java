package org.tfprune.demo.core;

import java.util.List;
import java.util.Locale;

/**
 * Bars side by side: for each model its name, a bar as long as the median, a whisker from the 10th
 * to the 90th percentile, and the median in figures; below them an axis from zero.
 */
public final class Chart {
  private static final float NAME = 14;
  private static final float FIGURE = 14;
  private static final float TICK = 12;
  private static final float BAR = 20;
  private static final float GAP = 8;

  private Chart() {}

  /** Returns how high the chart is, in dp. */
  public static float height(int rows, float textScale) {
    return rows * rowHeight(textScale) + GAP + TICK * textScale;
  }

  /** Draws the chart into a rectangle that begins at 0, 0. */
  public static void draw(Pen pen, float width, List<Comparison.Row> rows) {
    double longest = 0;
    float figures = 0;
    for (Comparison.Row row : rows) {
      longest = Math.max(longest, row.p90Ms);
      figures = Math.max(figures, pen.width(Words.millis(row.medianMs), FIGURE));
    }
    float perMs = (float) (Math.max(1, width - figures - GAP) / longest);
    axis(pen, longest, perMs, rows.size() * rowHeight(pen.textScale()));
    float top = 0;
    for (int i = 0; i < rows.size(); i++) {
      row(pen, rows.get(i), top, perMs, i == 0 ? Pen.Ink.BASELINE : Pen.Ink.OWN);
      top += rowHeight(pen.textScale());
    }
  }

  /** Returns the distance of ticks: 1, 2 or 5 times a power of ten, for two to five of them. */
  static double step(double longest) {
    double power = Math.pow(10, Math.floor(Math.log10(longest)));
    for (double factor : new double[] {0.2, 0.5, 1}) {
      if (longest / (factor * power) < 6) {
        return factor * power;
      }
    }
    return 2 * power;
  }

  private static void axis(Pen pen, double longest, float perMs, float bottom) {
    double step = step(longest);
    int decimals = Math.max(0, (int) -Math.floor(Math.log10(step)));
    float base = bottom + GAP / 2 + TICK * pen.textScale();
    for (int i = 0; i * step <= longest; i++) {
      float x = (float) (i * step) * perMs;
      pen.line(x, 0, x, bottom, Pen.Ink.FAINT);
      String text = String.format(Locale.ROOT, "%." + decimals + "f", i * step);
      float left = x - pen.width(text, TICK) / 2;
      pen.text(text, Math.max(0, left), base, TICK, Pen.Ink.TEXT);
    }
  }

  private static void row(Pen pen, Comparison.Row row, float top, float perMs, Pen.Ink ink) {
    float base = top + NAME * pen.textScale();
    pen.text(row.name, 0, base, NAME, Pen.Ink.TEXT);
    float barTop = base + GAP / 2 + 2;
    float middle = barTop + BAR / 2;
    pen.bar(0, barTop, (float) row.medianMs * perMs, barTop + BAR, ink);
    float from = (float) row.p10Ms * perMs;
    float to = (float) row.p90Ms * perMs;
    pen.line(from, middle, to, middle, Pen.Ink.TEXT);
    pen.line(from, middle - 4, from, middle + 4, Pen.Ink.TEXT);
    pen.line(to, middle - 4, to, middle + 4, Pen.Ink.TEXT);
    String figure = Words.millis(row.medianMs);
    pen.text(figure, to + GAP, middle + FIGURE * pen.textScale() / 3, FIGURE, Pen.Ink.TEXT);
  }

  private static float rowHeight(float textScale) {
    return NAME * textScale + GAP / 2 + 2 + BAR + GAP;
  }
}
