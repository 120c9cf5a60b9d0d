package org.tfprune.demo;

import android.content.Context;
import android.database.Cursor;
import android.net.Uri;
import android.provider.OpenableColumns;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tfprune.demo.core.Digits;
import org.tfprune.demo.core.Failure;
import org.tfprune.demo.core.ModelFile;

/** The models on this phone, as files, which is how LiteRT wants them, and the bundled digits. */
final class Models {
  private static final String ENDING = ".tflite";

  private final Context context;

  Models(Context context) {
    this.context = context;
  }

  /** Returns the bundled models, then those that were pushed into {@link #pushed}. */
  List<ModelFile> list() throws Failure {
    List<ModelFile> models = new ArrayList<>();
    try {
      for (String name : sorted(context.getAssets().list(""))) {
        InputStream stream = context.getAssets().open(name);
        models.add(new ModelFile(copy(stream, "bundled", name), ModelFile.Source.BUNDLED));
      }
    } catch (IOException error) {
      throw unreadable("the bundled models", error);
    }
    File folder = pushed();
    String[] names = folder == null ? null : folder.list();
    for (String name : sorted(names)) {
      models.add(new ModelFile(new File(folder, name), ModelFile.Source.PUSHED));
    }
    return models;
  }

  /** Returns the folder into which adb can push models; null while there is no storage. */
  File pushed() {
    return context.getExternalFilesDir("models");
  }

  /** Copies a file that the user picked in another app. */
  ModelFile open(Uri uri) throws Failure {
    String name = "picked" + ENDING;
    try (Cursor rows = context.getContentResolver().query(uri, null, null, null, null)) {
      int column = rows == null ? -1 : rows.getColumnIndex(OpenableColumns.DISPLAY_NAME);
      if (column >= 0 && rows.moveToFirst() && rows.getString(column) != null) {
        name = new File(rows.getString(column)).getName();
      }
    }
    try {
      InputStream stream = context.getContentResolver().openInputStream(uri);
      return new ModelFile(copy(stream, "opened", name), ModelFile.Source.OPENED);
    } catch (IOException | SecurityException error) {
      throw unreadable(name, error);
    }
  }

  List<Digits.Digit> digits() throws Failure {
    try {
      return Digits.read(context.getAssets().open("digits.bin"));
    } catch (IOException error) {
      throw unreadable("the bundled digits", error);
    }
  }

  private File copy(InputStream from, String folder, String name) throws IOException {
    if (from == null) {
      throw new IOException("it has no content");
    }
    File target = new File(new File(context.getFilesDir(), folder), name);
    target.getParentFile().mkdirs();
    try (InputStream source = from;
        OutputStream stream = new FileOutputStream(target)) {
      byte[] buffer = new byte[1 << 16];
      for (int count = source.read(buffer); count >= 0; count = source.read(buffer)) {
        stream.write(buffer, 0, count);
      }
    }
    return target;
  }

  private static List<String> sorted(String[] names) {
    List<String> models = new ArrayList<>();
    String[] all = names == null ? new String[0] : names;
    Arrays.sort(all);
    for (String name : all) {
      if (name.endsWith(ENDING)) {
        models.add(name);
      }
    }
    return models;
  }

  private static Failure unreadable(String what, Exception error) {
    String text = what + " cannot be read: " + error.getMessage();
    return new Failure(Failure.Step.LOAD, "", text);
  }
}
