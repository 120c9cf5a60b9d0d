"""prune_structured: remove units, at once or in several steps with training in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfprune.allocate import check_ratio
from tfprune.errors import PruneError
from tfprune.progress import track
from tfprune.repairing.recalibrate import recalibrate
from tfprune.surgery.structured import plan_structured
from tfprune.surgery.wishes import NAMED


def prune_structured(
    model: Any,
    ratio: Any = 0.5,
    criterion: Any = None,
    *,
    steps: int = 1,
    recalibrate_on: Any = None,
    repair_on: Any = None,
    merge: bool = False,
    fine_tune: Callable[[Any], Any] | None = None,
    **settings: Any,
) -> Any:
    """Return a smaller plain Keras model: channels, neurons and attention heads are removed.

    With `steps` the share is removed little by little: each step removes the same share of what
    is left, then repairs or `recalibrate`s and calls `fine_tune`, if they are given.

    Args:
        model: A Functional or built Sequential Keras model, not changed.
        ratio: As in `plan_structured`; with several steps one number, the share removed in all.
        criterion: As in `plan_structured`; it scores anew at each step.
        steps: How many times to prune.
        recalibrate_on: Data for `tfprune.recalibrate` after each step.
        repair_on: Inputs for the repair of the kernels that stay, as in `StructuredPlan.apply`.
        merge: Whether similar units are merged instead of dropped, as in `StructuredPlan.apply`.
        fine_tune: `fine_tune(model)` trains the model of each step, in place, or returns another.
            The model comes compiled as `model` is.
        settings: `scope`, `target`, `round_to`, `keep` and the others of `plan_structured`.

    Returns:
        A new model with weights of its own; if `model` is compiled, with its settings and a new
        optimizer.

    Raises:
        PruneError: as `plan_structured`.

    Example:
        >>> import keras
        >>> model = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(2)]
        ... )
        >>> prune_structured(model, ratio=0.5).layers[0].units
        4
    """
    if steps < 1:
        raise PruneError(f"steps={steps}", "there is at least one step", "use steps=1")
    if steps > 1 and not isinstance(ratio, (int, float)):
        raise PruneError(
            f"steps={steps} with ratios by name",
            "the share of each step is computed from one ratio",
            "give one number, or call prune_structured once per step yourself",
        )
    if steps > 1:
        check_ratio("ratio", ratio)
        ratio = 1 - (1 - ratio) ** (1 / steps)
    rounds = range(steps) if steps == 1 else track(range(steps), "pruning")
    for _ in rounds:
        plan = plan_structured(model, ratio, criterion, **settings)
        model = plan.apply(repair_on, merge=merge)
        # The smaller model is another: a layer, or the class of a composite, may not be in it.
        settings["keep"] = [row.group for row in plan.rows if row.reason == NAMED]
        if recalibrate_on is not None:
            model = recalibrate(model, recalibrate_on)
        if fine_tune is not None:
            model = fine_tune(model) or model
    return model
