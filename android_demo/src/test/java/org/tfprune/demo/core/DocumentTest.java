package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public final class DocumentTest {
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  @Test
  public void aResultHoldsEveryKeyOfTheFormat() throws Failure {
    String text = written(new byte[] {1, 2, 3, 4}, 4);
    String before = "{\"format\":1,\"runner\":\"app\",\"abi\":\"arm64-v8a\",\"runtime\":\"R 1\",";
    assertTrue(text, text.startsWith(before + "\"threads\":2,\"cpu_mask\":\"\",\"models\":[{"));
    assertTrue(text, text.contains("\"rounds_ms\":[[1.0,1.0]],\"peak_memory_bytes\":"));
    String output = "{\"name\":\"y\",\"type\":\"uint8\",\"shape\":[4],\"base64\":\"AQIDBA==\"}";
    assertTrue(text, text.contains("\"outputs\":[" + output + "],\"ops\":null}]}"));
  }

  @Test
  public void anOutputTooLargeForAndroidsBinderGoesIntoAFile() throws Failure {
    String text = written(new byte[200_000], 200_000);
    File file = new File(folder.getRoot(), "m.tflite.0.out");
    assertTrue(text.length() < 1_000);
    assertTrue(text, text.contains("\"file\":\"" + file + "\""));
    assertEquals(200_000, file.length());
  }

  @Test
  public void aFailureSaysFileStepAndText() {
    Failure failure = new Failure(Failure.Step.LOAD, "0.tflite", "no model");
    String error = "{\"file\":\"0.tflite\",\"step\":\"load\",\"text\":\"no model\"}";
    assertEquals("{\"format\":1,\"error\":" + error + "}", Document.write(failure));
  }

  @Test
  public void base64IsWhatJavaMakesOfIt() {
    for (String text : new String[] {"", "a", "ab", "abc", "abcd", "\u00ff\u00fe\u00fd"}) {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      assertEquals(Base64.getEncoder().encodeToString(bytes), Base64Text.encode(bytes));
    }
  }

  private String written(byte[] answer, int size) throws Failure {
    TensorSpec input = new TensorSpec("x", ElementType.UINT8, new int[] {1}, 1, 0);
    TensorSpec output = new TensorSpec("y", ElementType.UINT8, new int[] {size}, 1, 0);
    FakeEngine engine = FakeEngine.of(input, output);
    engine.answer = answer;
    Engine.Loader loader = engine.loader("R 1");
    Settings settings = Settings.of(2, 0, 2);
    ProcessMemory memory = new ProcessMemory(new File("/proc/self"));
    try (Benchmark benchmark =
        new Benchmark(
            loader, Collections.singletonList(new File("m.tflite")), settings, memory)) {
      benchmark.run((done, of) -> {});
      return new Document(folder.getRoot()).write(benchmark, settings, "R 1", "arm64-v8a");
    }
  }
}
