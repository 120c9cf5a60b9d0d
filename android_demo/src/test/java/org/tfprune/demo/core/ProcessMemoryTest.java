package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class ProcessMemoryTest {
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  @Test
  public void thePeakIsAboveWhatWasResidentBefore() throws IOException {
    ProcessMemory memory = new ProcessMemory(folder.getRoot());
    status(100, 100);
    memory.begin();
    status(300, 200);
    assertEquals(Long.valueOf(200 * 1024), memory.peak());
    assertEquals("5", new String(read("clear_refs"), StandardCharsets.US_ASCII));
  }

  @Test
  public void anEarlierPeakThatCannotBeResetHidesALowerOne() throws IOException {
    assertTrue(folder.newFolder("clear_refs").isDirectory()); // so it cannot be written
    ProcessMemory memory = new ProcessMemory(folder.getRoot());
    status(900, 100);
    memory.begin();
    status(900, 200);
    assertNull(memory.peak());
    status(1000, 200);
    assertEquals("a higher one shows", Long.valueOf(900 * 1024), memory.peak());
  }

  @Test
  public void aKernelThatSaysNothingIsNotGuessedAt() {
    ProcessMemory memory = new ProcessMemory(new File(folder.getRoot(), "missing"));
    memory.begin();
    assertNull(memory.peak());
  }

  private void status(int peak, int resident) throws IOException {
    String text = "Name:\tapp\nVmHWM:\t  " + peak + " kB\nVmRSS:\t  " + resident + " kB\n";
    Files.write(new File(folder.getRoot(), "status").toPath(), text.getBytes("US-ASCII"));
  }

  private byte[] read(String name) throws IOException {
    return Files.readAllBytes(new File(folder.getRoot(), name).toPath());
  }
}
