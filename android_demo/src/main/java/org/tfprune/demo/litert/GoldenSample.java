package org.tfprune.demo.litert;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.tensorflow.lite.DataType;
import org.tensorflow.lite.InterpreterApi;

/** Whether a model gives here what its golden sample says: {@code tfprune.golden_sample}. */
public final class GoldenSample {
  private GoldenSample() {}

  /**
   * Runs a model on every input of its golden sample.
   *
   * @param model the model, with float32, int8 or uint8 outputs
   * @param npz the arrays, {@code model.golden.npz}; they are read to their end
   * @return whether every output is within its tolerance
   */
  public static boolean isRight(InterpreterApi model, InputStream npz) throws IOException {
    Map<String, ByteBuffer> arrays = read(npz);
    for (int sample = 0; arrays.containsKey(sample + "_input_0.npy"); sample++) {
      Object[] inputs = new Object[model.getInputTensorCount()];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = arrays.get(sample + "_input_" + i + ".npy");
      }
      Map<Integer, Object> outputs = new HashMap<>();
      for (int i = 0; i < model.getOutputTensorCount(); i++) {
        int size = arrays.get(sample + "_output_" + i + ".npy").remaining();
        outputs.put(i, ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder()));
      }
      model.runForMultipleInputsOutputs(inputs, outputs);
      for (int i = 0; i < outputs.size(); i++) {
        ByteBuffer wanted = arrays.get(sample + "_output_" + i + ".npy");
        ByteBuffer found = (ByteBuffer) outputs.get(i);
        found.rewind();
        double tolerance = arrays.get("tolerance.npy").getDouble(8 * i);
        DataType type = model.getOutputTensor(i).dataType();
        while (wanted.hasRemaining()) {
          double off = Math.abs(next(wanted, type) - next(found, type));
          if (!(off <= tolerance)) { // not a number is wrong, too
            return false;
          }
        }
        wanted.rewind();
      }
    }
    return true;
  }

  private static double next(ByteBuffer values, DataType type) {
    switch (type) {
      case FLOAT32:
        return values.getFloat();
      case INT8:
        return values.get();
      case UINT8:
        return values.get() & 255;
      default:
        throw new IllegalArgumentException("no golden sample of outputs of type " + type);
    }
  }

  /** Reads the arrays of an .npz file: a zip of .npy files, whose header says how long it is. */
  private static Map<String, ByteBuffer> read(InputStream npz) throws IOException {
    Map<String, ByteBuffer> arrays = new HashMap<>();
    try (ZipInputStream zip = new ZipInputStream(npz)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] some = new byte[8192];
        for (int size = zip.read(some); size > 0; size = zip.read(some)) {
          content.write(some, 0, size);
        }
        byte[] bytes = content.toByteArray();
        int start = 10 + (bytes[8] & 255) + 256 * (bytes[9] & 255);
        ByteBuffer array = ByteBuffer.allocateDirect(bytes.length - start);
        array.order(ByteOrder.LITTLE_ENDIAN).put(bytes, start, bytes.length - start).rewind();
        arrays.put(entry.getName(), array);
      }
    }
    return arrays;
  }
}
