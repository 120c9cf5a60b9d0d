package org.tensorflow.lite;

/** The types of elements, in LiteRT's order; see {@link InterpreterApi} for the source. */
public enum DataType {
  FLOAT32,
  INT32,
  UINT8,
  INT64,
  STRING,
  BOOL,
  INT16,
  INT8
}
