"""The engine: clusters are a constraint on a kernel.

As a mask does, clusters live in the constraint that Keras calls at the end of every optimizer
update: in `fit`, in loops of one's own, under any strategy, compiled or not. A kernel always holds
the values of its centroids, so that whatever reads it (another layer, a converter, a wrapper that
rounds to int8) finds few values and needs to know nothing.
"""

from __future__ import annotations

import enum
from typing import Any

from keras import ops

from tfprune.clustering.rows import ClusterRows, nearest_of
from tfprune.keras_facts import Kernel
from tfprune.wrapping import ClusterConstraint


class GradientAggregation(str, enum.Enum):
    """What of the updates of its weights a centroid gets (tfmot's names and values)."""

    SUM = "GradientAggregation.SUM"
    AVG = "GradientAggregation.AVG"


class ClusteredKernel:
    """One kernel, its centroids, and the weights that choose among them.

    After each update of the optimizer: every weight has been moved by some step. The weight that
    stands behind it (`original`) takes the same step, each centroid takes the mean (or the sum) of
    the steps of its weights, and then each weight behind chooses the nearest centroid anew. With
    gradient descent this is what tfmot does in its forward pass (clustering_algorithm.py): the
    gradient of a centroid is the mean or the sum of those of its weights, that of a weight passes
    straight through.

    Args:
        kernel: The kernel; its variable's constraint is extended.
        original: Variable of the kernel's shape, the weights behind.
        centroids: Variable (rows, number of clusters), each row ascending.
        indices: Integer variable of the kernel's shape, the centroid of each weight.
        rows: The kernel as rows, one for each row of centroids.
        keeps_zeros: Whether centroids and weights that are zero stay so.
        aggregation: Mean or sum.
    """

    def __init__(
        self,
        kernel: Kernel,
        *,
        original: Any,
        centroids: Any,
        indices: Any,
        rows: ClusterRows,
        keeps_zeros: bool,
        aggregation: GradientAggregation,
    ) -> None:
        self.kernel = kernel
        self.original = original
        self.centroids = centroids
        self.indices = indices
        self.rows = rows
        self._keeps_zeros = keeps_zeros
        self._aggregation = aggregation
        kernel.variable.constraint = _Clustered(self, kernel.variable.constraint)

    def value(self) -> Any:
        """Return the kernel's values: the centroid of each weight, in the kernel's dtype."""
        picked = self.rows.picked(ops.convert_to_tensor(self.centroids), self._chosen())
        return self._for_kernel(self.rows.back(picked))

    def assign(self, values: dict[str, Any]) -> None:
        """Set the three variables and the kernel to values of these names."""
        self.original.assign(values["original"])
        self.centroids.assign(values["centroids"])
        self.indices.assign(ops.cast(values["indices"], self.indices.dtype))
        self.kernel.variable.assign(self._for_kernel(values["kernel"]))

    def holds(self) -> bool:
        """Whether the kernel holds its centroids, and nothing else has written it."""
        return bool(ops.all(ops.equal(self.kernel.variable, self.value())))

    def advance(self, weights: Any) -> Any:
        """Take what the optimizer has made of the kernel; return what it holds from now on."""
        dtype, chosen = self.centroids.dtype, self._chosen()
        centroids = ops.convert_to_tensor(self.centroids)
        before = self._for_kernel(self.rows.picked(centroids, chosen))
        after = self.rows.of(ops.convert_to_tensor(weights))
        steps = ops.cast(after, dtype) - ops.cast(before, dtype)
        behind = self.rows.of(ops.convert_to_tensor(self.original))
        moved = self._moved(centroids, steps, chosen)
        new = behind + steps
        if self._keeps_zeros:
            new = ops.where(ops.equal(behind, 0), behind, new)
        nearest = nearest_of(new, moved)
        self.original.assign(self.rows.back(new))
        self.centroids.assign(moved)
        self.indices.assign(ops.cast(self.rows.back(nearest), self.indices.dtype))
        return self._for_kernel(self.rows.back(self.rows.picked(moved, nearest)))

    def _moved(self, centroids: Any, steps: Any, chosen: Any) -> Any:
        """Return the centroids after the steps of their weights, ascending again."""
        count, number = centroids.shape
        places = ops.reshape(self.rows.places(chosen, number), (-1,))
        steps = ops.reshape(steps, (-1,))
        change = ops.segment_sum(steps, places, num_segments=count * number)
        if self._aggregation == GradientAggregation.AVG:
            members = ops.segment_sum(ops.ones_like(steps), places, num_segments=count * number)
            change = change / ops.maximum(members, 1)
        moved = centroids + ops.reshape(change, (count, number))
        if self._keeps_zeros:
            moved = ops.where(ops.equal(centroids, 0), centroids, moved)
        return ops.sort(moved, axis=-1)

    def _chosen(self) -> Any:
        return self.rows.of(ops.cast(ops.convert_to_tensor(self.indices), "int32"))

    def _for_kernel(self, values: Any) -> Any:
        """Return values in the dtype of the kernel, which may be half precision."""
        return ops.cast(values, self.kernel.variable.dtype)


class _Clustered(ClusterConstraint):
    """The user's own constraint, if any, and then the clusters."""

    def __init__(self, clustered: ClusteredKernel, own: Any) -> None:
        self.clustered = clustered
        self.own: Any = own.own if isinstance(own, _Clustered) else own

    def __call__(self, weights: Any) -> Any:
        return self.clustered.advance(weights if self.own is None else self.own(weights))
