package org.tfprune.demo.core;

/** Base64 (RFC 4648); java.util has it only from Android 8 on, android.util not on a desktop. */
final class Base64Text {
  private static final String LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  private Base64Text() {}

  static int length(int bytes) {
    return (bytes + 2) / 3 * 4;
  }

  static String encode(byte[] bytes) {
    StringBuilder text = new StringBuilder(length(bytes.length));
    for (int i = 0; i < bytes.length; i += 3) {
      int triple = at(bytes, i) << 16 | at(bytes, i + 1) << 8 | at(bytes, i + 2);
      for (int shift = 18; shift >= 0; shift -= 6) {
        text.append(LETTERS.charAt(triple >> shift & 63));
      }
    }
    for (int i = text.length() - (3 - bytes.length % 3) % 3; i < text.length(); i++) {
      text.setCharAt(i, '=');
    }
    return text.toString();
  }

  private static int at(byte[] bytes, int index) {
    return index < bytes.length ? bytes[index] & 0xff : 0;
  }
}
