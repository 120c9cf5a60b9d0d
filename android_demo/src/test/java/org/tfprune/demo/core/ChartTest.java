package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.Test;

public final class ChartTest {
  private static final float WIDTH = 300;

  /** Notes what is drawn; each letter is half as wide as it is high. */
  private static final class NotedPen implements Pen {
    final List<float[]> bars = new ArrayList<>();
    final List<String> texts = new ArrayList<>();
    final float textScale;
    float right;
    float bottom;

    NotedPen(float textScale) {
      this.textScale = textScale;
    }

    @Override
    public void bar(float left, float top, float right, float bottom, Ink ink) {
      bars.add(new float[] {left, right});
      reach(right, bottom);
    }

    @Override
    public void line(float fromX, float fromY, float toX, float toY, Ink ink) {
      reach(Math.max(fromX, toX), Math.max(fromY, toY));
    }

    @Override
    public void text(String text, float x, float y, float size, Ink ink) {
      texts.add(text);
      reach(x + width(text, size), y);
    }

    @Override
    public float width(String text, float size) {
      return text.length() * size * textScale / 2;
    }

    @Override
    public float textScale() {
      return textScale;
    }

    private void reach(float x, float y) {
      right = Math.max(right, x);
      bottom = Math.max(bottom, y);
    }
  }

  @Test
  public void barsAreAsLongAsTheMediansFromZero() throws Failure {
    NotedPen pen = drawn(Compared.of(4, 1), 1);
    assertEquals(0, pen.bars.get(0)[0], 0);
    assertEquals(4, pen.bars.get(0)[1] / pen.bars.get(1)[1], 1e-4);
  }

  @Test
  public void namesFiguresAndTicksAreWritten() throws Failure {
    List<String> texts = drawn(Compared.of(4, 1), 1).texts;
    assertEquals(Arrays.asList("0", "1", "2", "3", "4", "a", "4.00 ms", "b", "1.00 ms"), texts);
  }

  @Test
  public void everythingStaysInsideWithLargeTextToo() throws Failure {
    for (float textScale : new float[] {1, 2}) {
      NotedPen pen = drawn(Compared.of(new double[] {3, 9, 30}, new double[] {7}), textScale);
      assertTrue(pen.right + " wide", pen.right <= WIDTH);
      assertTrue(pen.bottom + " high", pen.bottom <= Chart.height(2, textScale));
    }
  }

  @Test
  public void ticksAreRoundNumbers() {
    assertEquals(0.02, Chart.step(0.11), 1e-12);
    assertEquals(1, Chart.step(4), 1e-12);
    assertEquals(2, Chart.step(9.9), 1e-12);
    assertEquals(50, Chart.step(240), 1e-12);
  }

  private static NotedPen drawn(Comparison comparison, float textScale) {
    NotedPen pen = new NotedPen(textScale);
    Chart.draw(pen, WIDTH, comparison.rows);
    return pen;
  }
}
