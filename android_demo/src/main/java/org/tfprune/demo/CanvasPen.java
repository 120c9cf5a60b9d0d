package org.tfprune.demo;

import android.content.res.Resources;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.graphics.RectF;
import android.util.DisplayMetrics;
import org.tfprune.demo.core.Pen;

/** Draws on Android's canvas, in the colours of the theme. */
final class CanvasPen implements Pen {
  private static final float CORNER = 4;

  private final Paint paint = new Paint(Paint.ANTI_ALIAS_FLAG);
  private final RectF box = new RectF();
  private final int[] colours = new int[Ink.values().length];
  private final float density;
  private final float textScale;
  private Canvas canvas;

  CanvasPen(Resources resources) {
    DisplayMetrics metrics = resources.getDisplayMetrics();
    density = metrics.density;
    textScale = metrics.scaledDensity / density;
    colours[Ink.BASELINE.ordinal()] = resources.getColor(R.color.baseline);
    colours[Ink.OWN.ordinal()] = resources.getColor(R.color.accent);
    colours[Ink.TEXT.ordinal()] = resources.getColor(R.color.ink);
    colours[Ink.FAINT.ordinal()] = resources.getColor(R.color.faint);
    paint.setStrokeWidth(density);
  }

  /** Sets what is drawn on. */
  CanvasPen on(Canvas canvas) {
    this.canvas = canvas;
    return this;
  }

  @Override
  public void bar(float left, float top, float right, float bottom, Ink ink) {
    box.set(left * density, top * density, right * density, bottom * density);
    canvas.drawRoundRect(box, CORNER * density, CORNER * density, in(ink));
  }

  @Override
  public void line(float fromX, float fromY, float toX, float toY, Ink ink) {
    canvas.drawLine(fromX * density, fromY * density, toX * density, toY * density, in(ink));
  }

  @Override
  public void text(String text, float x, float y, float size, Ink ink) {
    paint.setTextSize(size * textScale * density);
    canvas.drawText(text, x * density, y * density, in(ink));
  }

  @Override
  public float width(String text, float size) {
    paint.setTextSize(size * textScale * density);
    return paint.measureText(text) / density;
  }

  @Override
  public float textScale() {
    return textScale;
  }

  private Paint in(Ink ink) {
    paint.setColor(colours[ink.ordinal()]);
    return paint;
  }
}
