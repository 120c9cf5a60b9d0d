package org.tfprune.demo.core;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;

import java.io.File;
import java.util.Arrays;
import java.util.Collections;
import org.junit.Test;

public final class StateTest {
  private static final ModelFile DENSE = model("dense", ModelFile.Source.BUNDLED);
  private static final ModelFile PRUNED = model("pruned", ModelFile.Source.BUNDLED);
  private static final ModelFile PUSHED = model("pushed", ModelFile.Source.PUSHED);
  private static final ModelFile OPENED = model("opened", ModelFile.Source.OPENED);

  private final State state = new State();

  @Test
  public void theFirstTwoModelsAreComparedAtFirst() {
    assertFalse(state.ready());
    state.found(Arrays.asList(DENSE, PRUNED, PUSHED));
    assertTrue(state.ready());
    assertSame(DENSE, state.model(0));
    assertSame(PRUNED, state.model(1));
  }

  @Test
  public void oneModelIsComparedWithItself() {
    state.found(Collections.singletonList(PUSHED));
    assertSame(PUSHED, state.model(0));
    assertSame(PUSHED, state.model(1));
  }

  @Test
  public void whatIsChosenStaysWhenOthersComeBeforeIt() {
    state.found(Arrays.asList(DENSE, PUSHED));
    state.found(Arrays.asList(DENSE, PRUNED, PUSHED));
    assertSame(PUSHED, state.model(1));
    assertEquals(2, state.chosen(1));
  }

  @Test
  public void whatIsGoneIsChosenNoMore() {
    state.found(Arrays.asList(DENSE, PUSHED));
    state.found(Arrays.asList(DENSE, PRUNED));
    assertSame(PRUNED, state.model(1));
  }

  @Test
  public void whatWasOpenedIsComparedAndStays() {
    state.found(Arrays.asList(DENSE, PRUNED));
    state.opened(OPENED);
    state.opened(OPENED);
    state.found(Arrays.asList(DENSE, PRUNED));
    assertSame(OPENED, state.model(1));
    assertEquals(Arrays.asList(DENSE, PRUNED, OPENED), state.models());
  }

  @Test
  public void aMeasurementIsShownOnlyForWhatItWasOf() throws Failure {
    Comparison comparison = Compared.of(2, 1);
    state.found(Arrays.asList(DENSE, PRUNED, PUSHED));
    state.measured(state.question(), comparison);
    assertSame(comparison, state.comparison());
    state.threads = 2;
    assertNull(state.comparison());
    state.threads = 1;
    assertTrue(state.choose(1, 2));
    assertNull(state.comparison());
    assertTrue(state.choose(1, 1));
    assertSame("it is still true", comparison, state.comparison());
  }

  @Test
  public void aFileOpenedAnewIsMeasuredAnew() throws Failure {
    state.found(Collections.singletonList(DENSE));
    state.opened(OPENED);
    state.measured(state.question(), Compared.of(2, 1));
    state.opened(OPENED);
    assertNull(state.comparison());
  }

  private static ModelFile model(String name, ModelFile.Source source) {
    return new ModelFile(new File(source + "/" + name + ".tflite"), source);
  }
}
