package org.tfprune.demo.core;

/** What a chart is drawn with. Lengths are in dp, sizes of text in sp. */
public interface Pen {
  /** Colours by what they are for; light and dark themes have their own. */
  enum Ink {
    BASELINE,
    OWN,
    TEXT,
    FAINT
  }

  void bar(float left, float top, float right, float bottom, Ink ink);

  void line(float fromX, float fromY, float toX, float toY, Ink ink);

  /**
   * Writes text.
   *
   * @param x its left end
   * @param y the line it stands on
   */
  void text(String text, float x, float y, float size, Ink ink);

  /** Returns how wide a text would be, in dp. */
  float width(String text, float size);

  /** Returns how many dp one sp is: what the user chose as size of text. */
  float textScale();
}
