package org.tfprune.demo.core;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.Test;

public final class StatisticsTest {
  private static final double[] FIVE = {4, 1, 2, 3, 5};

  @Test
  public void percentilesAreInterpolatedBetweenNeighboursAsOnTheHost() {
    assertEquals(1.4, Statistics.percentile(FIVE, 10), 1e-12);
    assertEquals(3.0, Statistics.median(FIVE), 1e-12);
    assertEquals(4.6, Statistics.percentile(FIVE, 90), 1e-12);
  }

  @Test
  public void oneTimeIsItsOwnMedian() {
    assertEquals(7, Statistics.percentile(new double[] {7}, 90), 0);
  }

  @Test
  public void timesAreLeftInTheirOrder() {
    Statistics.median(FIVE);
    assertArrayEquals(new double[] {4, 1, 2, 3, 5}, FIVE, 0);
  }

  @Test
  public void modelsAreComparedRoundByRound() {
    List<double[]> dense = Arrays.asList(new double[] {2, 2}, new double[] {4});
    List<double[]> pruned = Arrays.asList(new double[] {1, 1}, new double[] {1});
    assertEquals(3, Statistics.ratio(dense, pruned), 0); // of 2 and 4
  }

  @Test
  public void twoBatchesWithinFivePercentAreSettled() {
    assertTrue(Statistics.settled(new double[] {1, 9, 1}, new double[] {1.04, 1.04, 1.04}));
    assertFalse(Statistics.settled(new double[] {1}, new double[] {0.9}));
  }

  @Test
  public void roundsAreJoinedInTheirOrder() {
    assertArrayEquals(new double[] {3, 1}, Statistics.flat(Arrays.asList(a(3), a(1))), 0);
    assertEquals(0, Statistics.flat(Collections.emptyList()).length);
  }

  private static double[] a(double... numbers) {
    return numbers;
  }
}
