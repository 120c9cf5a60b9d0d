package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class InputsTest {
  private static final TensorSpec BYTES =
      new TensorSpec("x", ElementType.INT8, new int[] {2}, 1, 0);

  @Rule public final TemporaryFolder folder = new TemporaryFolder();
  private final FakeEngine engine = FakeEngine.of(BYTES, BYTES);
  private File file;

  @Before
  public void place() {
    file = new File(folder.getRoot(), "0.in");
  }

  @Test
  public void inputsAreFoundByTheirNames() throws Exception {
    write(
        1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'y', 9,
        1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 'x', 5, 6);
    Inputs.feed(engine, file);
    assertArrayEquals(new byte[] {5, 6}, engine.fed.get(0));
  }

  @Test
  public void withoutAFileTheyAreRandom() throws Exception {
    Inputs.feed(engine, file);
    assertArrayEquals(BYTES.random(), engine.fed.get(0));
  }

  @Test
  public void whatDoesNotFitIsNamed() throws IOException {
    write(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'y', 9);
    refuses("0.in has no input 'x', only [y]");
    write(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'x', 9);
    refuses("0.in x has 1 bytes, the model takes int8 2 (2 bytes)");
  }

  @Test
  public void aLengthThatTheFileDoesNotHaveIsNotBelieved() throws IOException {
    write(1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 'x', 5);
    refuses("0.in is cut short");
    write(255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 'x');
    refuses("0.in is cut short");
    write(1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 127, 'x');
    refuses("0.in is cut short");
    write(1, 0, 0);
    refuses("0.in is cut short");
  }

  private void refuses(String text) {
    Failure failure = assertThrows(Failure.class, () -> Inputs.feed(engine, file));
    assertEquals(text, failure.getMessage());
    assertEquals("input", failure.step.word);
  }

  private void write(int... numbers) throws IOException {
    byte[] bytes = new byte[numbers.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) numbers[i];
    }
    Files.write(file.toPath(), bytes);
  }
}
