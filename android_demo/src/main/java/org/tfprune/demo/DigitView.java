package org.tfprune.demo;

import android.annotation.SuppressLint;
import android.content.Context;
import android.graphics.Bitmap;
import android.graphics.Canvas;
import android.graphics.Paint;
import android.graphics.Rect;
import android.view.View;
import org.tfprune.demo.core.Digits;

/** One digit to tap on, large enough for a finger. */
@SuppressLint("ViewConstructor") // made in code alone
final class DigitView extends View {
  private static final int SIZE = 64;
  private static final int FRAME = 3;

  private final Paint paint = new Paint(Paint.FILTER_BITMAP_FLAG);
  private final Rect place = new Rect();
  private final Bitmap picture;
  private final int size;
  private final int frame;

  DigitView(Context context, Digits.Digit digit) {
    super(context);
    float density = getResources().getDisplayMetrics().density;
    size = Math.round(SIZE * density);
    frame = Math.round(FRAME * density);
    picture = picture(digit, getResources().getColor(R.color.ink));
    setContentDescription(getResources().getString(R.string.digit, digit.label));
    setFocusable(true);
    setClickable(true);
  }

  @Override
  protected void onMeasure(int widthSpec, int heightSpec) {
    setMeasuredDimension(size, size);
  }

  @Override
  protected void onDraw(Canvas canvas) {
    super.onDraw(canvas);
    if (isSelected() || isFocused()) {
      canvas.drawColor(getResources().getColor(isSelected() ? R.color.accent : R.color.faint));
    }
    place.set(frame, frame, size - frame, size - frame);
    canvas.save();
    canvas.clipRect(place);
    canvas.drawColor(getResources().getColor(R.color.card));
    canvas.drawBitmap(picture, null, place, paint);
    canvas.restore();
  }

  /** Returns the digit in the colour of text; what is paper is transparent. */
  private static Bitmap picture(Digits.Digit digit, int colour) {
    int[] pixels = new int[digit.rows * digit.columns];
    for (int i = 0; i < pixels.length; i++) {
      int ink = digit.ink(i / digit.columns, i % digit.columns);
      pixels[i] = ink << 24 | colour & 0xffffff;
    }
    return Bitmap.createBitmap(pixels, digit.columns, digit.rows, Bitmap.Config.ARGB_8888);
  }
}
