"""Residual streams: what a kernel that writes into an addition can make good of earlier errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.keras_facts import op_name
from tfprune.repairing.form import Form
from tfprune.repairing.products import EinsumForm
from tfprune.repairing.walking import Pair, Step, Values, Way

_SMALLEST = 1e-2
"""A channel that a BatchNormalization scales by less, beside the largest, is left as it is."""


def norm_behind(way: Way, pair: Pair, form: Form, step: Step) -> Any:
    """Return the BatchNormalization that alone reads what a kernel makes, None if none does.

    Args:
        way: The steps of the original.
        pair: The networks.
        form: The kernel's, in the pruned network.
        step: The only call of its layer.
    """
    reader = _only_reader(way, step.outputs[0]) if form.ends_layer else None
    norm = None if reader is None else reader.operation
    once = [each.operation for each in way.steps].count(norm) == 1
    plain = type(norm) is keras.layers.BatchNormalization and pair.small(norm) is not norm
    return pair.small(norm) if once and plain else None


def missing_behind(
    way: Way, pair: Pair, form: Form, step: Step, old: Sequence[Values], new: Sequence[Values]
) -> list[NDArray[np.float32]] | None:
    """Return, for each batch, what a kernel must add so that the sum it goes into is right.

    Where its outputs, normalized or not, are added to others that are not the original's any
    more, the kernel is fitted to make good for those, too: as He et al. 2017, "Channel Pruning for
    Accelerating Very Deep Neural Networks", arXiv 1707.06168, section 3.3, do at the end of a
    residual branch.

    Args:
        way: The steps of the original.
        pair: The networks.
        form: The kernel's, in the pruned network.
        step: The only call of its layer.
        old: The original's tensors that are known by now, for each batch.
        new: The pruned network's.

    Returns:
        Arrays (samples, places, outputs), or None where it goes into no sum, or one whose other
        parts are not known yet.
    """
    if not form.ends_layer or isinstance(form, EinsumForm):
        return None
    norm = norm_behind(way, pair, form, step)
    made = step.outputs[0] if norm is None else way.readers(step.outputs[0])[0].outputs[0]
    addition = _only_reader(way, made)
    if addition is None or not _adds(addition.operation):
        return None
    others = [t for t in addition.node.input_tensors if addition.inputs[id(t)] != made]
    numbers = [addition.inputs[id(tensor)] for tensor in others]
    like = {tuple(tensor.shape) for tensor in addition.node.input_tensors}
    stay = [each for t in others if (each := pair.last_axis_kept(t)) is not None]
    known = all(values.get(number) is not None for number in numbers for values in (*old, *new))
    if not others or not known or len(like) > 1 or len(stay) < len(others):
        return None
    scale, found = _scale(norm), []
    for before, now in zip(old, new, strict=True):
        parts = [
            np.take(np.asarray(before[n], np.float32), each, -1) - np.asarray(now[n], np.float32)
            for n, each in zip(numbers, stay, strict=True)
        ]
        missing = np.sum(parts, axis=0)
        found.append(missing.reshape(len(missing), -1, missing.shape[-1]) * scale)
    return found


def _scale(norm: Any) -> NDArray[np.float32]:
    """Return what a difference behind the normalization is in front of it."""
    if norm is None:
        return np.ones(1, np.float32)
    factor = 1 / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        factor = factor * np.asarray(norm.gamma)
    large = np.abs(factor) > _SMALLEST * np.abs(factor).max()
    return np.where(large, 1 / np.where(large, factor, 1), 0).astype(np.float32)


def _only_reader(way: Way, number: int) -> Step | None:
    readers = way.readers(number)
    return readers[0] if len(readers) == 1 and number not in way.outputs else None


def _adds(operation: Any) -> bool:
    return type(operation) is keras.layers.Add or op_name(operation) == "Add"
