"""How kernels are clustered: the arguments of `cluster_weights`, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.clustering.engine import GradientAggregation
from tfprune.clustering.initialization import CentroidInitialization
from tfprune.errors import PruneError, is_whole_number, near
from tfprune.keras_facts import Kernel
from tfprune.keras_facts.kernel_kinds import CONVOLUTION, POINTWISE, kind_of

_AT_MOST = 2**16
_ENUMS: dict[str, Any] = {
    "cluster_centroids_init": CentroidInitialization,
    "cluster_gradient_aggregation": GradientAggregation,
}


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """How kernels are clustered.

    Args:
        number_of_clusters: At most so many values for each kernel.
        cluster_centroids_init: Where centroids begin.
        preserve_sparsity: Whether zeros stay zero.
        cluster_per_channel: Whether a convolution has centroids for each output channel.
        cluster_gradient_aggregation: What of its weights' updates a centroid gets.

    Raises:
        PruneError: one is wrong.
    """

    number_of_clusters: int
    cluster_centroids_init: CentroidInitialization = CentroidInitialization.KMEANS_PLUS_PLUS
    preserve_sparsity: bool = False
    cluster_per_channel: bool = False
    cluster_gradient_aggregation: GradientAggregation = GradientAggregation.AVG

    def __post_init__(self) -> None:
        number, least = self.number_of_clusters, 3 if self.preserve_sparsity else 2
        if not is_whole_number(number) or not least <= number <= _AT_MOST:
            zero = " with preserve_sparsity, where one of them is zero" if least == 3 else ""
            found = f"it is a whole number from {least} to {_AT_MOST}{zero}"
            raise PruneError(f"number_of_clusters={number!r}", found, "number_of_clusters=16")
        object.__setattr__(self, "number_of_clusters", int(number))
        for name, kind in _ENUMS.items():
            object.__setattr__(self, name, _as_enum(name, kind, getattr(self, name)))
        for name in ("preserve_sparsity", "cluster_per_channel"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                found = "it is True or False"
                raise PruneError(f"{name}={getattr(self, name)!r}", found, f"{name}=True")

    def get_config(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        plain = {name: getattr(self, name).value for name in _ENUMS}
        return {**vars(self), **plain}

    def rows_of(self, kernel: Kernel) -> int:
        """Return how many sets of centroids a kernel has: one, or one for each output channel."""
        by_channel = self.cluster_per_channel and kind_of(kernel) in (CONVOLUTION, POINTWISE)
        return int(kernel.shape[kernel.out_axes[0]]) if by_channel else 1


def _as_enum(name: str, kind: Any, given: Any) -> Any:
    try:
        return kind(given)
    except ValueError:
        choices = [str(one.value) for one in kind]
        fix = f"use tfprune.clustering.{near(str(given), choices)}"
        raise PruneError(f"{name}={given!r}", "there is no such way", fix) from None
