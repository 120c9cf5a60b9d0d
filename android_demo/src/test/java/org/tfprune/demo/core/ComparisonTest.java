package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.Test;

public final class ComparisonTest {
  @Test
  public void theFasterOneIsNamed() throws Failure {
    assertEquals("b is 2.00 times as fast as a.", Compared.of(4, 2).headline());
    assertEquals("b takes 1.50 times as long as a.", Compared.of(2, 3).headline());
  }

  @Test
  public void lessThanThreePercentIsNoDifference() throws Failure {
    assertEquals("b is as fast as a.", Compared.of(1, 0.98).headline());
  }

  @Test
  public void theChartCanBeHeard() throws Failure {
    String words = "a: median 4.00 ms, 10 to 90 percent of the runs between 4.00 ms and 4.00 ms.";
    String said = Compared.of(4, 2).describe();
    assertTrue(said, said.startsWith("b is 2.00 times as fast as a. " + words));
  }

  @Test
  public void detailsLeaveOutTheMemoryThatIsNotKnown() throws Failure {
    Comparison.Row row = Compared.of(4, 2).rows.get(0);
    assertTrue(row.details(), row.details().matches("a: load \\S+ ms, first run 4\\.00 ms.*"));
  }
}
