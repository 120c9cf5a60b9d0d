"""What cells of sensitivity are measured with: groups, their order, samples, a word for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.allocate import Candidate, allocate
from tfprune.channels import Group, Structure, trace
from tfprune.criteria import as_criterion
from tfprune.data import Batch, Batches, Wanted
from tfprune.data.drawing import drawn
from tfprune.data.naming import joined
from tfprune.errors import PruneError
from tfprune.evaluation.wishes import described
from tfprune.graph import inputs_of, outputs_of, packed
from tfprune.keras_facts.origins import name_of
from tfprune.keras_internals import compiled_settings
from tfprune.layer_names import Selectors
from tfprune.notes import Note
from tfprune.repairing import Samples
from tfprune.runs import digest
from tfprune.search.cells import Cells
from tfprune.surgery.structured import judged_model
from tfprune.surgery.wishes import own_ratios

RATIOS = (0.25, 0.5, 0.75, 0.875)
_TOGETHER = 128


def widths_of(group: Group, ratios: Sequence[float], round_to: int) -> list[tuple[float, int]]:
    """Return (ratio, units that stay), each width once, none where nothing goes."""
    scores = np.arange(group.size, dtype=float)
    one = Candidate(name=group.name, scores=scores, kind=None, round_to=round_to)
    found = {allocate([one], ratio, max_ratio=1.0)[0].width: ratio for ratio in ratios[::-1]}
    return [(ratio, width) for width, ratio in found.items() if width < group.size][::-1]


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """What cells are measured with, and the word that stands for all of it."""

    cells: Cells
    groups: list[tuple[str, Group]]
    order: dict[str, tuple[int, ...]]
    criterion: str
    samples: int
    word: str
    notes: tuple[Note, ...]


def count_cells(
    model: Any, *, ratios: Sequence[float] = RATIOS, round_to: int = 1, keep: Selectors = ()
) -> int:
    """Return how many cells `sensitivity` would measure, repaired or not.

    Raises:
        PruneError: no group may lose units.

    Example:
        >>> import keras
        >>> layers = [keras.layers.Dense(8), keras.layers.Dense(1)]
        >>> count_cells(keras.Sequential([keras.Input((4,)), *layers]), ratios=[0.5, 0.75])
        2
    """
    groups = _groups(trace(model), model, keep)
    return sum(len(widths_of(group, sorted(ratios), round_to)) for _, group in groups)


def _groups(structure: Structure, model: Any, keep: Selectors) -> list[tuple[str, Group]]:
    own = own_ratios(structure, model, 0.5, keep)
    groups = [
        (key, group)
        for key, group, (share, _) in zip(structure.keys, structure.groups, own, strict=True)
        if group.kept_whole is None and share != 0.0
    ]
    if not groups:
        found = "no group of units may lose any"
        raise PruneError(f"the sensitivity of {model.name!r}", found, "see plan_structured(model)")
    return groups


def prepared(
    model: Any,
    data: Any,
    criterion: Any,
    wish: Mapping[str, Any],
    counts: tuple[int, int],
    keep: Selectors,
    seed: int,
) -> Measuring:
    """Read the data, rank the units, and say in a word what decides all that is measured.

    Args:
        model, data, criterion, keep, seed: As in `sensitivity`.
        wish: `metrics` and `loss`.
        counts: How many samples to judge on, and to repair on.
    """
    structure = trace(model)
    groups = _groups(structure, model, keep)
    judged, fitted, notes = _samples(model, data, *counts, seed)
    every = joined(judged)
    judge = as_criterion(criterion, (packed(model, every.inputs), every.targets, every.weights))
    scores = judge.scores(judged_model(structure, model), [group for _, group in groups])
    pairs = [(key, group, s) for (key, group), s in zip(groups, scores, strict=True)]
    unjudged = [Note(key, judge.unjudged) for key, _, s in pairs if np.isnan(s).all()]
    order = {key: _order(group, s) for key, group, s in pairs if not np.isnan(s).all()}
    parts = [
        [model.to_json(), [np.asarray(variable) for variable in model.variables]],
        [[batch.inputs, batch.targets, batch.weights] for batch in (*judged, fitted)],
        [{key: list(units) for key, units in order.items()}, described(wish)],
        described({k: v for k, v in compiled_settings(model).items() if k != "optimizer"}),
    ]
    amounts = {"most": 1 + len(fitted), "together": _TOGETHER}
    samples = Samples(model, fitted.inputs, f"repair {model.name!r}", **amounts)
    return Measuring(
        cells=Cells(structure, model, judged, samples, order, wish),
        groups=[(key, group) for key, group in groups if key in order],
        order=order,
        criterion=criterion if isinstance(criterion, str) else name_of(criterion),
        samples=sum(map(len, judged)),
        word=digest(parts),
        notes=(*notes, *unjudged),
    )


def _order(group: Group, scores: Any) -> tuple[int, ...]:
    one = Candidate(name=group.name, scores=scores, kind=None)
    return tuple(one.removal_order().tolist())


def _samples(
    model: Any, data: Any, judged: int, fitted: int, seed: int
) -> tuple[list[Batch], Batch, tuple[Note, ...]]:
    """Return batches to judge on, and others to refit on; fewer of both where there are few."""
    wanted = Wanted(
        asked=f"measure the sensitivity of {model.name!r}",
        inputs=inputs_of(model),
        outputs=outputs_of(model),
    )
    batches = Batches(data, wanted)
    batch, seen = drawn(batches, judged + fitted, seed)
    if batch.targets is None:
        fix = "give it as (inputs, targets)"
        raise PruneError(wanted.asked, "the data has no targets", fix)
    notes = list(batches.notes)
    cut = fitted
    if seen < judged + fitted:
        cut = min(fitted, max(10, len(batch) // 5))
        notes.append(Note("data", f"{seen} samples: {cut} to repair on, the others to judge on"))
    size = wanted.fixed_size or _TOGETHER
    cut += -cut % (wanted.fixed_size or 1)
    stop = len(batch) - (len(batch) - cut) % (wanted.fixed_size or 1)
    if stop <= cut:
        fix = "give more"
        raise PruneError(wanted.asked, f"{seen} labelled samples are too few", fix)
    parts = [batch.rows(at, min(at + size, stop)) for at in range(cut, stop, size)]
    return parts, batch.rows(0, cut), tuple(notes)
