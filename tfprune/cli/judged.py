"""How much a smaller model has lost on data with labels, in the words of a verb's result."""

from __future__ import annotations

from typing import Any


def lost(
    model: Any, small: Any, given: str | None, used: str | None
) -> tuple[dict[str, Any] | None, list[str]]:
    """Return what both models are right on, as a document and as lines; nothing without labels.

    Args:
        model: The original.
        small: What was made of it.
        given: A path of data with labels, to judge on.
        used: In its place, the data that the smaller model was repaired on, if that has labels.

    Raises:
        PruneError: `given` has no labels, or does not fit.
    """
    data = given or used
    if data is None or (given is None and not _is_labelled(model, data)):
        return None, []
    from tfprune.evaluation import evaluate

    before, after = (evaluate(one, data, per_class=False) for one in (model, small))
    document: dict[str, Any] = {"data": data, "samples": after.samples}
    document |= {"before": dict(before.metrics), "after": dict(after.metrics)}
    where = f"{after.samples:,} labelled samples of {data}"
    seen = "" if given else ", which it was repaired on: others may lose more (--evaluate DATA)"
    lines = [
        f"{name} on {where}: {before[name]:.4g} → {after[name]:.4g}{seen}"
        for name in after
        if isinstance(after[name], float) and name in before
    ]
    return document, lines


def _is_labelled(model: Any, data: str) -> bool:
    from tfprune.data import Batches, Wanted
    from tfprune.graph import inputs_of, outputs_of

    wanted = Wanted(
        asked=f"judge {model.name!r} on {data}",
        inputs=inputs_of(model),
        outputs=outputs_of(model),
        rows=1,
    )
    return any(batch.targets is not None for batch in Batches(data, wanted))
