package org.tfprune.demo;

import android.content.Context;
import android.graphics.Canvas;
import android.util.AttributeSet;
import android.view.View;
import org.tfprune.demo.core.Chart;
import org.tfprune.demo.core.Comparison;

/** Shows a comparison as bars. */
public final class ChartView extends View {
  private static final int ROWS = 2;

  private final CanvasPen pen;
  private final float density;
  private Comparison comparison;

  public ChartView(Context context, AttributeSet attributes) {
    super(context, attributes);
    pen = new CanvasPen(getResources());
    density = getResources().getDisplayMetrics().density;
  }

  void show(Comparison comparison) {
    this.comparison = comparison;
    setContentDescription(comparison.describe());
    invalidate();
  }

  @Override
  protected void onMeasure(int widthSpec, int heightSpec) {
    int height = (int) Math.ceil(Chart.height(ROWS, pen.textScale()) * density);
    int width = getDefaultSize(getSuggestedMinimumWidth(), widthSpec);
    setMeasuredDimension(width, resolveSize(height, heightSpec));
  }

  @Override
  protected void onDraw(Canvas canvas) {
    super.onDraw(canvas);
    if (comparison != null) {
      Chart.draw(pen.on(canvas), getWidth() / density, comparison.rows);
    }
  }
}
