package org.tfprune.demo.core;

import java.util.Locale;
import java.util.Map;

/** Writes JSON (RFC 8259). Android's own org.json cannot be tested on a desktop. */
public final class Json {
  private final StringBuilder text = new StringBuilder();

  private Json() {}

  /**
   * Returns a value as JSON on one line.
   *
   * @param value a Map with names as keys, an Iterable, an int[] or double[], a String, a Number, a
   *     Boolean or null, and so on inside
   */
  public static String write(Object value) {
    Json json = new Json();
    json.add(value);
    return json.text.toString();
  }

  private void add(Object value) {
    if (value == null || value instanceof Boolean || value instanceof Integer) {
      text.append(value);
    } else if (value instanceof Long) {
      text.append(value);
    } else if (value instanceof Double) {
      number((Double) value);
    } else if (value instanceof String) {
      string((String) value);
    } else if (value instanceof Map) {
      object((Map<?, ?>) value);
    } else {
      array(value);
    }
  }

  private void number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      text.append("null"); // JSON has no such numbers
    } else {
      text.append(value);
    }
  }

  private void object(Map<?, ?> value) {
    char before = '{';
    for (Map.Entry<?, ?> entry : value.entrySet()) {
      text.append(before);
      string((String) entry.getKey());
      text.append(':');
      add(entry.getValue());
      before = ',';
    }
    text.append(before == '{' ? "{}" : "}");
  }

  private void array(Object value) {
    text.append('[');
    int start = text.length();
    if (value instanceof int[]) {
      for (int number : (int[]) value) {
        item(start, number);
      }
    } else if (value instanceof double[]) {
      for (double number : (double[]) value) {
        item(start, number);
      }
    } else if (value instanceof Iterable) {
      for (Object inner : (Iterable<?>) value) {
        item(start, inner);
      }
    } else {
      throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
    text.append(']');
  }

  private void item(int start, Object value) {
    if (text.length() > start) {
      text.append(',');
    }
    add(value);
  }

  private void string(String value) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char letter = value.charAt(i);
      if (letter == '"' || letter == '\\') {
        text.append('\\').append(letter);
      } else if (letter < ' ' || letter > '~') {
        text.append(String.format(Locale.ROOT, "\\u%04x", (int) letter));
      } else {
        text.append(letter);
      }
    }
    text.append('"');
  }
}
