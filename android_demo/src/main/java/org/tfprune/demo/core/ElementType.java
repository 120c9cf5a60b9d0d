package org.tfprune.demo.core;

/** The types of numbers in a tensor, by NumPy's names. */
public enum ElementType {
  FLOAT32("float32", 4),
  INT32("int32", 4),
  INT64("int64", 8),
  INT16("int16", 2),
  INT8("int8", 1),
  UINT8("uint8", 1),
  BOOL("bool", 1);

  public final String word;
  public final int bytes;

  ElementType(String word, int bytes) {
    this.word = word;
    this.bytes = bytes;
  }
}
