package org.tfprune.demo.core;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Handwritten digits and what they are. The file, made by make_assets.py: the letter D, then one
 * byte each for the number of digits, rows and columns; then for each digit one byte of label and
 * its pixels row by row, 0 is paper and 255 is ink.
 */
public final class Digits {
  /** One picture. */
  public static final class Digit {
    public final int label;
    public final int rows;
    public final int columns;
    private final byte[] pixels;

    Digit(int label, int rows, int columns, byte[] pixels) {
      this.label = label;
      this.rows = rows;
      this.columns = columns;
      this.pixels = pixels;
    }

    /** Returns how much ink there is, 0 to 255; around the picture there is none. */
    public int ink(int row, int column) {
      boolean inside = row >= 0 && row < rows && column >= 0 && column < columns;
      return inside ? pixels[row * columns + column] & 0xff : 0;
    }
  }

  private Digits() {}

  /**
   * Reads the file; the stream is closed.
   *
   * @throws Failure if it is cut short or something else
   */
  public static List<Digit> read(InputStream stream) throws Failure {
    List<Digit> digits = new ArrayList<>();
    try (DataInputStream file = new DataInputStream(stream)) {
      if (file.readUnsignedByte() != 'D') {
        throw new Failure(Failure.Step.INPUT, "digits.bin", "digits.bin holds no digits");
      }
      int count = file.readUnsignedByte();
      int rows = file.readUnsignedByte();
      int columns = file.readUnsignedByte();
      for (int i = 0; i < count; i++) {
        int label = file.readUnsignedByte();
        byte[] pixels = new byte[rows * columns];
        file.readFully(pixels);
        digits.add(new Digit(label, rows, columns, pixels));
      }
    } catch (IOException error) {
      throw new Failure(Failure.Step.INPUT, "digits.bin", "digits.bin cannot be read to its end");
    }
    return Collections.unmodifiableList(digits);
  }
}
