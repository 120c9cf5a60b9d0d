package org.tfprune.demo.core;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A file with the inputs of one model. For each input: the length of its name (unsigned, 32 bits),
 * the number of its bytes (unsigned, 64 bits), both little-endian, then the name, then the bytes.
 */
public final class Inputs {
  private Inputs() {}

  /**
   * Sets all inputs of a model from a file, or, if there is no such file, to random numbers.
   *
   * @throws Failure if the file is cut short, or does not fit the model
   */
  public static void feed(Engine engine, File file) throws Failure {
    Map<String, byte[]> given = file.exists() ? read(file) : new LinkedHashMap<>();
    for (int i = 0; i < engine.inputs().size(); i++) {
      TensorSpec spec = engine.inputs().get(i);
      byte[] bytes = given.isEmpty() ? spec.random() : given.get(spec.name);
      if (bytes == null) {
        throw wrong(file, "has no input '" + spec.name + "', only " + given.keySet());
      }
      if (bytes.length != spec.bytes()) {
        String wanted = spec.describe() + " (" + spec.bytes() + " bytes)";
        throw wrong(file, spec.name + " has " + bytes.length + " bytes, the model takes " + wanted);
      }
      engine.feed(i, bytes);
    }
  }

  /** Reads name → bytes, in the order of the file. */
  static Map<String, byte[]> read(File file) throws Failure {
    Map<String, byte[]> inputs = new LinkedHashMap<>();
    try (DataInputStream stream = new DataInputStream(new FileInputStream(file))) {
      for (long left = file.length(); left > 0; ) {
        long name = Integer.reverseBytes(stream.readInt()) & 0xffffffffL;
        long bytes = Long.reverseBytes(stream.readLong());
        left -= 12;
        if (bytes < 0 || name > left || bytes > left - name) {
          throw new EOFException();
        }
        byte[] text = new byte[(int) name];
        byte[] values = new byte[(int) bytes];
        stream.readFully(text);
        stream.readFully(values);
        inputs.put(new String(text, StandardCharsets.UTF_8), values);
        left -= name + bytes;
      }
    } catch (EOFException error) {
      throw wrong(file, "is cut short");
    } catch (IOException error) {
      throw wrong(file, "cannot be read: " + error.getMessage());
    }
    return inputs;
  }

  private static Failure wrong(File file, String found) {
    return new Failure(Failure.Step.INPUT, "", file.getName() + " " + found);
  }
}
