package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;

import java.util.Locale;
import org.junit.After;
import org.junit.Test;

public final class WordsTest {
  private final Locale before = Locale.getDefault();

  @After
  public void restore() {
    Locale.setDefault(before);
  }

  @Test
  public void timesKeepThreeDigitsThatCount() {
    assertEquals("0.123 ms", Words.millis(0.1234));
    assertEquals("1.23 ms", Words.millis(1.234));
    assertEquals("12.3 ms", Words.millis(12.34));
    assertEquals("123 ms", Words.millis(123.4));
  }

  @Test
  public void sizesHaveTheUnitThatFits() {
    assertEquals("999 bytes", Words.bytes(999));
    assertEquals("158.6 kB", Words.bytes(158_596));
    assertEquals("1.0 MB", Words.bytes(999_950));
  }

  @Test
  public void decimalsHaveAPointInEveryCountry() {
    Locale.setDefault(Locale.GERMANY);
    assertEquals("1.42 times", Words.times(1.421));
    assertEquals("98 %", Words.percent(0.981));
  }
}
