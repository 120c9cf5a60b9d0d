"""A pruned model whose kernels are refitted to the original, if that is better than without."""

from __future__ import annotations

import math
import warnings
from typing import Any

import keras
import numpy as np

from tfprune.criteria.losses import unchanged
from tfprune.errors import PruneWarning
from tfprune.keras_internals import layers_of
from tfprune.notes import Note
from tfprune.repairing.recalibrate import recalibrate
from tfprune.repairing.refitting import refit
from tfprune.repairing.samples import Samples
from tfprune.repairing.walking import Pair

_MEMORY = 3 * 2**29
"""Bytes that the tensors of both networks may take at once."""
_AT_A_TIME = 2**24
"""Bytes of the largest tensor of one call: more would not be faster."""


def repaired(pair: Pair, small: Any, data: Any, told: list[Note] | None = None) -> Any:
    """Return the pruned model, repaired on unlabelled data.

    Every fifth sample is held out. On them the outputs of two models are held against the
    original's: as pruned, and repaired. Where repair left a BatchNormalization that was not
    anchored (`anchoring`), the model with BatchNorm recalibrated is the third. The nearest is
    returned, so that what comes back is never further from the original than what was pruned.

    Args:
        pair: The original, not changed, and what stands in the place of its operations.
        small: The pruned model that they make up; it is changed.
        data: What `fit` takes, or a path; targets are not looked at.
        told: What is warned of is added to it.

    Raises:
        PruneError: the data is unfit.

    Warns:
        PruneWarning: what could not be repaired, and why.
    """
    model = pair.model
    with unchanged(model):
        samples = Samples(model, data, f"repair {model.name!r}", **_amounts(model))
        pruned = [np.array(variable) for variable in small.variables]
        before = samples.disagreement(small)
        notes, settled = refit(pair, samples)
        notes = [*samples.notes, *notes]
        after = samples.disagreement(small)
    if not after <= before:
        for variable, value in zip(small.variables, pruned, strict=True):
            variable.assign(value)
        notes.append(Note(small.name, "not repaired: on held-out samples it agreed less"))
        after, settled = before, set()
    if told is not None:
        told += notes
    if notes:
        warnings.warn("\n".join(map(str, notes)), PruneWarning, stacklevel=4)
    norms = {id(x) for x in layers_of(small) if isinstance(x, keras.layers.BatchNormalization)}
    return _recalibrated(small, samples, after) if norms - settled else small


def _recalibrated(small: Any, samples: Samples, before: float) -> Any:
    """Return the model with BatchNorm recalibrated, if it agrees more with the original then."""
    if samples.fixed_size:
        return small
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PruneWarning)  # of layers that keep their statistics
        other = recalibrate(small, samples.to_fit())
    return other if samples.disagreement(other) < before else small


def _amounts(model: Any) -> dict[str, int]:
    """Return how many samples fit into memory, and how many at a time, by the largest tensors."""
    sizes = sorted(
        4 * math.prod(size or 128 for size in tensor.shape[1:])
        for layer in layers_of(model)
        for tensor in _outputs(layer)
    )
    of_a_sample = max(2 * sum(sizes[-4:]), 1)  # two networks, a few tensors alive at a time
    return {
        "most": max(64, min(4096, _MEMORY // of_a_sample)),
        "together": max(32, min(256, _AT_A_TIME // max(sizes[-1:], default=1))),
    }


def _outputs(layer: Any) -> list[Any]:
    try:
        return list(keras.tree.flatten(layer.output))
    except (AttributeError, ValueError):  # never called on symbolic tensors, or more than once
        return []
