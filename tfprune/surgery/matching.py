"""repair: a smaller model and the model it was cut from, without the plan: units are matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.channels import KeptUnits, Member, Structure, trace
from tfprune.errors import PruneError
from tfprune.graph import compiled_as, values_of
from tfprune.surgery.shrinking import shrink, shrink_and_repair

Array = NDArray[Any]
UNKNOWN = -1


def repair(small: Any, model: Any, data: Any) -> Any:
    """Return a smaller model refitted to the model that it was cut from, on unlabelled data.

    The same as `plan.apply(repair_on=data)` where the plan is no longer at hand. Which units
    stayed is found out by their weights, so the smaller model must not have been trained since.
    Statistics of BatchNormalization are taken from the model it was cut from.

    Args:
        small: What `prune_structured` or `plan.apply` returned, recalibrated or not; not changed.
        model: The model it was cut from, not changed.
        data: Inputs, in any form that `fit` takes, or a path; targets are not looked at.

    Returns:
        A new model of the smaller size, compiled as `small` is, with a new optimizer.

    Raises:
        PruneError: the units cannot be matched, or the data is unfit.

    Warns:
        PruneWarning: which kernels could not be repaired, and why.

    Example:
        >>> import keras
        >>> model = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(2)]
        ... )
        >>> from tfprune.surgery import prune_structured
        >>> small = prune_structured(model, ratio=0.5)
        >>> repair(small, model, np.random.default_rng(0).normal(size=(64, 4))).layers[0].units
        4
    """
    structure = trace(model)
    return compiled_as(shrink_and_repair(structure, _kept(structure, small), data), small)


def _kept(structure: Structure, small: Any) -> KeptUnits:
    """Return which units a smaller model has kept."""
    olds, news = structure.model.trainable_variables, small.trainable_variables
    if [len(v.shape) for v in olds] != [len(v.shape) for v in news]:
        raise _unmatched("the two models do not have the same layers")
    pairs = {id(old): (values_of(old), values_of(new)) for old, new in zip(olds, news, strict=True)}
    axes: dict[int, dict[int, list[tuple[int, Member]]]] = {}
    for number, group in enumerate(structure.groups):
        for member in group.members:
            if id(member.variable) in pairs:
                found = axes.setdefault(id(member.variable), {})
                found.setdefault(member.axis, []).append((number, member))
    stay = [np.full(group.size, UNKNOWN) for group in structure.groups]
    while any(_learn(*pairs[key], axes[key], stay) for key in axes):
        pass  # what one variable tells helps with the next
    for group, mask in zip(structure.groups, stay, strict=True):
        if (mask == UNKNOWN).any():
            raise _unmatched(f"which units of {group.name} stayed cannot be told by the weights")
    kept = structure.kept([mask == 1 for mask in stay])
    _check(shrink(structure, kept)[0], small)
    return kept


def _learn(
    old: Array, new: Array, axes: Mapping[int, Sequence[tuple[int, Member]]], stay: list[Array]
) -> bool:
    """Match the one axis of a variable that is not known yet; return whether that was possible."""
    open_axes = []
    for axis, parts in axes.items():
        kept = np.full(old.shape[axis], UNKNOWN)
        for number, member in parts:
            on = member.units >= 0
            kept[on] = stay[number][member.units[on]]
        if (kept == UNKNOWN).any():
            open_axes.append(axis)
        else:
            old = np.compress(kept == 1, old, axis)
    if len(open_axes) != 1:
        return False
    [axis] = open_axes
    places = _subsequence(*(np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1) for a in (old, new)))
    if places is None:
        return False
    for number, member in axes[axis]:
        on = member.units >= 0
        stay[number][member.units[on]] = places[on]
    return True


def _subsequence(old: Array, new: Array) -> Array | None:
    """Return 1 for each row that stayed and 0 for the others, None if that cannot be told."""
    if len(old) == len(new):
        return np.ones(len(old), int)
    if old.shape[1] != new.shape[1] or len(np.unique(old, axis=0)) < len(old):
        return None  # rows that are alike (zeros of a fresh bias) tell nothing
    known = {row.tobytes(): place for place, row in enumerate(old)}
    found = [known.get(row.tobytes(), UNKNOWN) for row in new]
    if UNKNOWN in found:
        return None
    places = np.zeros(len(old), int)
    places[found] = 1
    return places


def _check(made: Any, small: Any) -> None:
    for ours, theirs in zip(made.trainable_variables, small.trainable_variables, strict=True):
        if not np.array_equal(values_of(ours), values_of(theirs)):
            raise _unmatched(f"{theirs.path} is not a part of the other model's weights")


def _unmatched(found: str) -> PruneError:
    return PruneError(
        "repair a smaller model without its plan",
        found,
        "repair before training, or keep the plan: plan.apply(repair_on=data)",
    )
