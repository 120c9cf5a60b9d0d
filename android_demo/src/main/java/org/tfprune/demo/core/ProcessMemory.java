package org.tfprune.demo.core;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** The resident memory of this process, as Linux tells it (proc(5): VmRSS, VmHWM, clear_refs). */
public final class ProcessMemory {
  private final File folder;
  private long residentBefore;
  private long peakBefore;
  private boolean peakIsNew;

  /**
   * @param folder {@code /proc/self}, or one like it
   */
  public ProcessMemory(File folder) {
    this.folder = folder;
  }

  /** Begins a measurement: from here on the peak counts. */
  public void begin() {
    residentBefore = status("VmRSS:");
    peakIsNew = resetPeak();
    peakBefore = status("VmHWM:");
  }

  /**
   * Returns the peak since {@link #begin}, in bytes above what was resident then; null if it cannot
   * be told, because the kernel does not say, or an earlier peak was higher and could not be reset.
   */
  public Long peak() {
    long peak = status("VmHWM:");
    if (peak < 0 || residentBefore < 0 || (!peakIsNew && peak == peakBefore)) {
      return null;
    }
    return Math.max(0, peak - residentBefore);
  }

  private boolean resetPeak() {
    try (FileOutputStream file = new FileOutputStream(new File(folder, "clear_refs"))) {
      file.write('5');
      return true;
    } catch (IOException error) {
      return false; // Android may forbid it; then only a higher peak than before is told
    }
  }

  private long status(String key) {
    File file = new File(folder, "status");
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(new FileInputStream(file), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(key)) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException | NumberFormatException error) {
      return -1;
    }
    return -1;
  }
}
