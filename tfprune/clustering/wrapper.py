"""The Keras layer that holds the kernels of the layer it wraps to a few values."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfprune.clustering.engine import ClusteredKernel, GradientAggregation
from tfprune.clustering.initialization import CentroidInitialization
from tfprune.clustering.planning import why_not
from tfprune.clustering.rows import ClusterRows, float_dtype
from tfprune.clustering.settings import ClusterSettings
from tfprune.clustering.starting import ClusterStart, first_values
from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel, kernels_of
from tfprune.masks.arguments import LAYER, check_keywords, first_layer
from tfprune.wrapping import Clustering, is_built


@keras.saving.register_keras_serializable("tfprune")
class ClusterWeights(Clustering, keras.layers.Wrapper):
    """Wrap a layer so that its kernels hold few values while it trains (tfmot's name).

    The wrapper takes the name, the call signature and the dtype policy of its layer. For each
    kernel it adds three variables, saved with the model: the weights behind, which keep what the
    optimizer does to each of them, the centroids, and which centroid each weight has.

    Args:
        layer: Any Keras layer with kernels, or with `get_prunable_weights()`.
        number_of_clusters, cluster_centroids_init, preserve_sparsity, cluster_per_channel,
            cluster_gradient_aggregation: As in `cluster_weights`.
        kernels: Which of the layer's kernels take part, counted from 0; None for all that can.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        PruneError: the layer has no kernel that can be clustered, or an argument is wrong.
    """

    def __init__(
        self,
        layer: Any,
        number_of_clusters: int,
        cluster_centroids_init: Any = CentroidInitialization.KMEANS_PLUS_PLUS,
        preserve_sparsity: bool = False,
        cluster_per_channel: bool = False,
        cluster_gradient_aggregation: Any = GradientAggregation.AVG,
        *,
        kernels: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, keras.layers.Layer):
            kind = type(layer).__name__
            raise PruneError(f"cluster {kind}", "it is not a Keras layer", "pass a Keras layer")
        check_keywords("ClusterWeights", kwargs, ClusterWeights, LAYER, first_layer)
        self.settings = ClusterSettings(
            number_of_clusters=number_of_clusters,
            cluster_centroids_init=cluster_centroids_init,
            preserve_sparsity=preserve_sparsity,
            cluster_per_channel=cluster_per_channel,
            cluster_gradient_aggregation=cluster_gradient_aggregation,
        )
        super().__init__(layer, **kwargs)
        self._chosen = None if kernels is None else tuple(kernels)
        self.clustered: list[ClusteredKernel] | None = None
        self.starts_later = False
        self.borrow_build()
        if is_built(layer):
            self.hold()

    def hold(self) -> None:
        """Add the clusters of the kernels, and let these hold their centroids, once."""
        if self.clustered is not None:
            return
        kernels = kernels_of(self.layer)
        reasons = [why_not(kernel, self.settings) for kernel in kernels]
        fit = [i for i, reason in enumerate(reasons) if reason is None]
        chosen = fit if self._chosen is None else self._chosen
        if not chosen or not set(chosen) <= set(fit):
            told = [f"{k.name}: {why}" for k, why in zip(kernels, reasons, strict=True) if why]
            raise PruneError(
                f"cluster {type(self.layer).__name__} {self.layer.name!r}",
                "; ".join(told) or "it has no kernel",
                "leave it unwrapped, or give it a method get_prunable_weights()",
            )
        self.clustered = [self._clusters(kernels[i]) for i in chosen]

    def _clusters(self, kernel: Kernel) -> ClusteredKernel:
        name = kernel.name.removeprefix(f"{self.layer.name}/").replace("/", "_")
        number = self.settings.number_of_clusters
        rows = ClusterRows(kernel, self.settings.rows_of(kernel))
        start = ClusterStart(rows, self.settings)

        def variable(what: str, shape: tuple[int, ...], dtype: str) -> Any:
            own = f"{name}_{what}"
            first = "zeros" if self.starts_later else start.initializer(what)
            made = self.add_weight(
                shape=shape, initializer=first, dtype=dtype, trainable=False, name=own
            )
            setattr(self, own, made)  # TensorFlow checkpoints hold variables that are attributes
            return made

        return ClusteredKernel(
            kernel,
            original=variable("original", kernel.shape, float_dtype(kernel)),
            centroids=variable("centroids", (rows.count, number), float_dtype(kernel)),
            indices=variable("indices", kernel.shape, "uint8" if number <= 256 else "int32"),
            rows=rows,
            keeps_zeros=self.settings.preserve_sparsity,
            aggregation=self.settings.cluster_gradient_aggregation,
        )

    def begin(self) -> None:
        """Place the centroids by the weights that the kernels have now."""
        for clustered in self.clustered or []:
            clustered.assign(first_values(clustered.rows, self.settings))

    def get_cluster_centroids(self) -> dict[str, Any]:
        """Return kernel → its centroids, (number,), or (channels, number) for each channel."""
        found = {one.kernel.name: np.asarray(one.centroids) for one in self.clustered or []}
        return {name: rows[0] if len(rows) == 1 else rows for name, rows in found.items()}

    def get_config(self) -> dict[str, Any]:
        """Return the wrapped layer, serialized, and the settings."""
        return {
            **keras.layers.Layer.get_config(self),
            "layer": keras.saving.serialize_keras_object(self.layer),
            **self.settings.get_config(),
            "kernels": None if self._chosen is None else list(self._chosen),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ClusterWeights:
        """Build the wrapper from `get_config()`."""
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return cls(**{**config, "layer": layer})


def cluster_scope() -> Any:
    """Return a scope in which Keras can load a model with clustered layers (tfmot's name).

    Nothing is left for it to do: who can call it has imported the wrapper, and Keras knows it then.

    Example:
        >>> with cluster_scope():
        ...     layer = keras.layers.deserialize(
        ...         keras.layers.serialize(ClusterWeights(keras.layers.Dense(2), 8))
        ...     )
        >>> type(layer).__name__
        'ClusterWeights'
    """
    return contextlib.nullcontext()
