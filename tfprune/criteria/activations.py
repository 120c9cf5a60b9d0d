"""A criterion that looks at what the units compute on data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import tensorflow as tf

from tfprune.channels import Carrier, Group
from tfprune.criteria.losses import unchanged
from tfprune.criteria.observe import Measure, observe
from tfprune.criteria.pooling import by_unit
from tfprune.errors import PruneError
from tfprune.graph import run_watched


@dataclass(frozen=True, eq=False)
class Activation:
    """How strongly, or how often, a unit is active on data.

    "mean": score_i = mean of |a| over examples and places. "apoz": score_i = share of a ≠ 0, that
    is 1 - APoZ, the average percentage of zeros of Hu et al., "Network Trimming: A Data-Driven
    Neuron Pruning Approach towards Efficient Deep Architectures", 2016, arXiv:1607.03250; it says
    something only behind a ReLU. The activations are those that the readers of the units see;
    where there are several tensors, the mean of theirs. They differ from layer to layer by scale
    and by activation function, so scores of different groups cannot be compared. A group whose
    units lie only inside a composite layer (attention heads) is not judged.

    Args:
        data: What `predict` or `fit` takes: arrays of inputs, a tuple (inputs, targets), or a
            `tf.data.Dataset`, `PyDataset` or generator of batches of those. Targets are not used.
        statistic: "mean" or "apoz".
        batches: How many batches of the data to use; None for all.
        batch_size: Examples per batch where `data` is arrays.

    Raises:
        PruneError: the statistic is unknown; on scoring: there is no data, it does not fit the
            model, or an activation is not finite.

    Example:
        >>> import keras
        >>> from tfprune.channels import trace
        >>> layers = [keras.layers.Dense(2, "relu", use_bias=False), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((1,)), *layers])
        >>> layers[0].set_weights([np.array([[2.0, -1.0]])])
        >>> criterion = Activation(np.array([[1.0], [3.0]]))
        >>> criterion.scores(model, trace(model).groups[:1])
        [array([4., 0.])]
    """

    data: Any
    statistic: Literal["mean", "apoz"] = "mean"
    batches: int | None = None
    batch_size: int = 32
    comparable: ClassVar[bool] = False
    unjudged: ClassVar[str] = "no tensor of the graph carries these units"

    def __post_init__(self) -> None:
        if self.statistic not in ("mean", "apoz"):
            asked = f"Activation(statistic={self.statistic!r})"
            raise PruneError(asked, "there is no such statistic", "use 'mean' or 'apoz'")

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one mean per unit, NaN for a group without tensors."""
        asked = "score units by Activation"
        means, tensors = _Means(), [tensor for group in groups for tensor in group.tensors]
        if tensors:
            measure = _sums(model, tensors, self.statistic)
            with unchanged(model):
                observe(model, measure, means.add, self.data, self.batches, asked, self.batch_size)
        scores = [means.of_units(group) for group in groups]
        for group, found in zip(groups, scores, strict=True):
            if means.covers(group) and not np.isfinite(found).all():
                reason = f"the activations of {group.name!r} are NaN or infinite"
                raise PruneError(asked, reason, "check the data and the weights")
        return scores


class _Means:
    """Sums over batches, by tensor and axis: what is summed, and how many values it sums."""

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}

    def add(self, batch: dict[str, np.ndarray]) -> None:
        for name, value in batch.items():
            self._sums[name] = self._sums.get(name, 0.0) + value.astype("float64")

    def covers(self, group: Group) -> bool:
        return any(_key(tensor) in self._sums for tensor in group.tensors)

    def of_units(self, group: Group) -> np.ndarray:
        """Return the mean of each unit over its positions, and over the group's tensors."""
        if not self.covers(group):
            return np.full(group.size, np.nan)
        tensors = [tensor for tensor in group.tensors if _key(tensor) in self._sums]
        return np.mean([self._of_tensor(tensor, group.size) for tensor in tensors], axis=0)

    def _of_tensor(self, tensor: Carrier, size: int) -> np.ndarray:
        means = self._sums[_key(tensor)] / self._sums[f"{_key(tensor)} values"]
        positions = by_unit(np.ones(len(means)), tensor.units, size)
        return by_unit(means, tensor.units, size) / positions


def _key(tensor: Carrier) -> str:
    return f"{id(tensor.tensor)} {tensor.axis}"


def _sums(model: Any, tensors: Sequence[Carrier], statistic: str) -> Measure:
    """Return a function of a batch that gives the sums by position, and how many were summed."""
    axes: dict[int, set[int]] = {}
    for tensor in tensors:
        axes.setdefault(id(tensor.tensor), set()).add(tensor.axis)

    def measure(x: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def seen(tensor: Any, value: Any) -> None:
            for axis in axes.get(id(tensor), ()):
                sums, count = _sum_over_places(value, axis, statistic)
                key = f"{id(tensor)} {axis}"
                found[key] = found.get(key, 0.0) + sums
                found[f"{key} values"] = found.get(f"{key} values", 0.0) + count

        run_watched(model, x, seen)
        return found

    return measure


def _sum_over_places(value: Any, axis: int, statistic: str) -> tuple[Any, Any]:
    value = tf.cast(value, "float32")
    amount = tf.abs(value) if statistic == "mean" else tf.cast(tf.not_equal(value, 0), "float32")
    others = [i for i in range(len(value.shape)) if i != axis]
    count = tf.size(value) / tf.shape(value)[axis]
    return tf.reduce_sum(amount, others), tf.cast(count, "float32")
