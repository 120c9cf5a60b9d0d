package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.Test;

public final class SettingsTest {
  private static final String NUMBER = "expected a whole number from 1 to 100000";

  @Test
  public void onlyTheFolderMustBeSaid() throws Failure {
    Settings settings = Settings.parse(words("folder", "/f"));
    assertEquals(Arrays.asList(new File("/f/0.tflite")), settings.files());
    assertEquals(1, settings.threads);
    assertTrue(settings.xnnpack);
    assertEquals("until the times settle", -1, settings.warmup);
    assertArrayEquals(new int[] {10, 10, 10, 10, 10}, settings.rounds());
  }

  @Test
  public void everythingCanBeSaid() throws Failure {
    Settings settings =
        Settings.parse(
            words("folder", "/f", "models", "2", "threads", "4", "xnnpack", "0", "warmup", "3",
                "rounds", "7,6", "cpu_mask", "", "profile", "0"));
    assertEquals(Arrays.asList(new File("/f/0.tflite"), new File("/f/1.tflite")), settings.files());
    assertEquals(4, settings.threads);
    assertFalse(settings.xnnpack);
    assertEquals(3, settings.warmup);
    assertArrayEquals(new int[] {7, 6}, settings.rounds());
  }

  @Test
  public void whatCannotBeMetIsRefusedWithTheReason() {
    refuses("folder: missing; expected -e folder PATH, where 0.tflite lies");
    refuses("threads: '0'; " + NUMBER, "threads", "0");
    refuses("threads: 'two'; " + NUMBER, "threads", "two");
    refuses("rounds: ''; " + NUMBER, "rounds", "5,,5");
    refuses("threads: '3000000000'; " + NUMBER, "threads", "3000000000");
    refuses("cpu_mask: an app cannot choose its cores; expected leave it out", "cpu_mask", "f0");
    refuses(
        "profile: LiteRT's Java API times no single ops; expected leave it out", "profile", "1");
    refuses(
        "thread: unknown; expected one of [cpu_mask, folder, models, profile, rounds, threads,"
            + " warmup, xnnpack]",
        "thread", "1");
  }

  private static void refuses(String text, String... words) {
    Map<String, String> given = words(words);
    if (words.length > 0) {
      given.put("folder", "/f");
    }
    Failure failure = assertThrows(Failure.class, () -> Settings.parse(given));
    assertEquals(text, failure.getMessage());
    assertEquals("arguments", failure.step.word);
  }

  private static Map<String, String> words(String... words) {
    Map<String, String> map = new HashMap<>();
    for (int i = 0; i < words.length; i += 2) {
      map.put(words[i], words[i + 1]);
    }
    return map;
  }
}
