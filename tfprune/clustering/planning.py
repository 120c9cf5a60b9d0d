"""Which kernels are clustered, and why others are not: one row for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfprune.clustering.initialization import CentroidInitialization
from tfprune.clustering.settings import ClusterSettings
from tfprune.errors import PruneError
from tfprune.graph import check_built
from tfprune.keras_facts import Kernel, kernels_of
from tfprune.keras_internals import has_lora, layers_of
from tfprune.layer_names import Names, Selection, Selectors
from tfprune.masks.callbacks import all_masked
from tfprune.plan.planning import unknown_kernels
from tfprune.plan.rules import places_of
from tfprune.wrapping import ClusterConstraint, HoldsRange

_ASKED = "left alone as asked (leave_alone)"
_MASKED = "under a pruning mask: strip_pruning first, then cluster with preserve_sparsity=True"
_LORA = "LoRA is enabled on it: tfprune.training.merge_lora(model) first"
_DEPTHWISE = "depthwise: few weights for each channel, which lose much accuracy in few values"


@dataclass(frozen=True, kw_only=True)
class ClusterRow:
    """What will happen to one kernel.

    Args:
        kernel: Its name.
        shape: Its shape.
        values: How many different values it may hold at most; None if it is left alone.
        reason: Why it is left alone, or what else there is to say.
        surprising: Whether a user should hear of it.
    """

    kernel: str
    shape: tuple[int, ...]
    values: int | None
    reason: str
    surprising: bool = False

    def __str__(self) -> str:
        what = "leave alone" if self.values is None else f"at most {self.values} values"
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.kernel} {self.shape}: {what}{reason}"


@dataclass(frozen=True)
class ClusterPlan:
    """One row for each kernel, in the model's order; `print(plan)` shows it."""

    rows: tuple[ClusterRow, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.rows))


def plan_clusters(
    model: Any,
    number_of_clusters: int,
    cluster_centroids_init: Any = CentroidInitialization.KMEANS_PLUS_PLUS,
    *,
    preserve_sparsity: bool = False,
    cluster_per_channel: bool = False,
    leave_alone: Selectors = (),
) -> ClusterPlan:
    """Say what `cluster_weights` with the same arguments would do, kernel by kernel.

    Args:
        model: A built Keras model, not changed.
        number_of_clusters, cluster_centroids_init, preserve_sparsity, cluster_per_channel: As in
            `cluster_weights`.
        leave_alone: The layers to leave alone; see `tfprune.layer_names`.

    Raises:
        PruneError: the model is not built, an argument is wrong, or a name matches nothing.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="head")])
        >>> print(plan_clusters(model, 16))
        head/kernel (4, 8): at most 16 values
    """
    settings = ClusterSettings(
        number_of_clusters=number_of_clusters,
        cluster_centroids_init=cluster_centroids_init,
        preserve_sparsity=preserve_sparsity,
        cluster_per_channel=cluster_per_channel,
    )
    return plan_for(model, settings, leave_alone)


def plan_for(model: Any, settings: ClusterSettings, leave_alone: Selectors) -> ClusterPlan:
    """Return the plan for settings."""
    check_built(model, "cluster the weights of")
    if any(isinstance(layer, HoldsRange) for layer in layers_of(model)):
        raise PruneError(
            f"cluster the weights of {model.name!r}",
            "it comes from quantize_model and computes with int8 numbers",
            "cluster first: quantize_model keeps the clusters",
        )
    names, kernels = Names(model), kernels_of(model)
    places = [places_of(kernel, names) for kernel in kernels]
    left = Selection("leave_alone", leave_alone, names)
    left.check(places, "it has no kernel")
    masked = {id(one.kernel.variable) for one in all_masked(model)}
    rows = []
    for kernel, own in zip(kernels, places, strict=True):
        held = _MASKED if id(kernel.variable) in masked else None
        rows.append(row_for(kernel, settings, _ASKED if left.means(own) else held))
    unknown = (
        ClusterRow(kernel=r.kernel, shape=r.shape, values=None, reason=r.reason, surprising=True)
        for r in unknown_kernels(model)
    )
    return ClusterPlan((*rows, *unknown))


def row_for(kernel: Kernel, settings: ClusterSettings, reason: str | None = None) -> ClusterRow:
    """Decide one kernel: whether it is clustered, else the reason why not.

    Args:
        kernel: The kernel.
        settings: How it would be clustered.
        reason: Why it is left alone, if that is known.
    """
    reason = reason or why_not(kernel, settings)
    if reason is not None:
        surprising = reason not in (_ASKED, _DEPTHWISE)
        return _row(kernel, None, reason, surprising)
    rows, zeros = settings.rows_of(kernel), _lost_zeros(kernel, settings)
    said = [zeros]
    if settings.cluster_per_channel and rows == 1:
        said.append("as a whole: only convolutions have clusters for each channel")
    if not kernel.variable.trainable:
        said.append("frozen: its centroids stay where they begin")
    told = "; ".join(filter(None, said))
    return _row(kernel, settings.number_of_clusters * rows, told, bool(zeros))


def _row(kernel: Kernel, values: int | None, reason: str, surprising: bool) -> ClusterRow:
    return ClusterRow(
        kernel=kernel.name,
        shape=kernel.shape,
        values=values,
        reason=reason,
        surprising=surprising,
    )


def why_not(kernel: Kernel, settings: ClusterSettings) -> str | None:
    """Return why a kernel cannot be clustered, None if it can."""
    dtype = keras.backend.standardize_dtype(kernel.variable.dtype)
    if isinstance(kernel.variable.constraint, ClusterConstraint):
        return "clustered already"
    if has_lora(kernel.layer):
        return _LORA
    if "float" not in dtype:
        return f"its weights are {dtype}, not floating"
    if set(kernel.in_axes) & set(kernel.out_axes):
        return _DEPTHWISE
    size = kernel.size // settings.rows_of(kernel)
    if size <= settings.number_of_clusters:
        each = " for each channel" if settings.rows_of(kernel) > 1 else ""
        return f"{size} weights{each}, not more than {settings.number_of_clusters} clusters"
    return None


def _lost_zeros(kernel: Kernel, settings: ClusterSettings) -> str:
    zeros = int((np.asarray(kernel.variable) == 0).sum())
    if settings.preserve_sparsity or not zeros:
        return ""
    share = f"{zeros / kernel.size:.0%} of its weights are zero"
    return f"{share} and would not stay so: preserve_sparsity=True keeps them"
