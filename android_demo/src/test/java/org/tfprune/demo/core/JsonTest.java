package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.Test;

public final class JsonTest {
  @Test
  public void keysKeepTheirOrder() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("b", 1);
    map.put("a", Arrays.asList(2L, null, true));
    assertEquals("{\"b\":1,\"a\":[2,null,true]}", Json.write(map));
  }

  @Test
  public void emptyThingsAreWritten() {
    assertEquals("[]", Json.write(new int[0]));
    assertEquals("{}", Json.write(Collections.emptyMap()));
    assertEquals("\"\"", Json.write(""));
  }

  @Test
  public void arraysOfNumbersAreWritten() {
    assertEquals("[1,32,3]", Json.write(new int[] {1, 32, 3}));
    assertEquals("[[0.5],[1.0E-4]]", Json.write(Arrays.asList(a(0.5), a(1e-4))));
  }

  @Test
  public void noLetterLeavesItsString() {
    assertEquals("\"\\\"\\\\\\u000a\\u00e9\\u0007\"", Json.write("\"\\\né\u0007"));
  }

  @Test
  public void whatIsNoNumberIsNull() {
    assertEquals("[null,null]", Json.write(a(Double.NaN, Double.POSITIVE_INFINITY)));
  }

  @Test
  public void otherThingsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Json.write(new Object()));
  }

  private static double[] a(double... numbers) {
    return numbers;
  }
}
