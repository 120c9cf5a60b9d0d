import java.util.Locale;
import org.tfprune.demo.core.Pen;

/** Draws a chart as SVG, in the colours of the light theme (res/values/colors.xml). */
final class SvgPen implements Pen {
  private static final String[] COLOURS = {"#8A94A6", "#0B6E4F", "#16181D", "#D9DEE5"};

  /** The mean width of a letter of a common sans-serif font, as a share of its size. */
  private static final float LETTER = 0.55f;

  private final StringBuilder shapes = new StringBuilder();

  @Override
  public void bar(float left, float top, float right, float bottom, Ink ink) {
    String rectangle = "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='4' fill='%s'/>";
    add(rectangle, left, top, right - left, bottom - top, colour(ink));
  }

  @Override
  public void line(float fromX, float fromY, float toX, float toY, Ink ink) {
    String line = "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='%s'/>";
    add(line, fromX, fromY, toX, toY, colour(ink));
  }

  @Override
  public void text(String text, float x, float y, float size, Ink ink) {
    add("<text x='%.1f' y='%.1f' font-size='%.0f' fill='%s'>" + text + "</text>", x, y, size,
        colour(ink));
  }

  @Override
  public float width(String text, float size) {
    return text.length() * size * LETTER;
  }

  @Override
  public float textScale() {
    return 1;
  }

  /** Returns the picture, on a card of the theme. */
  String picture(float width, float height) {
    String size = String.format(Locale.ROOT, "-16 -16 %.0f %.0f", width + 32, height + 32);
    return "<svg xmlns='http://www.w3.org/2000/svg' viewBox='" + size + "' width='" + (width + 32)
        + "' font-family='Roboto, sans-serif'>\n"
        + "<rect x='-16' y='-16' width='100%' height='100%' rx='16' fill='#FFFFFF'/>\n"
        + shapes + "</svg>\n";
  }

  private void add(String shape, Object... values) {
    shapes.append(String.format(Locale.ROOT, shape, values)).append('\n');
  }

  private static String colour(Ink ink) {
    return COLOURS[ink.ordinal()];
  }
}
