"""What the variables of a clustered kernel begin with."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from tfprune.clustering.initialization import centroids_of
from tfprune.clustering.rows import ClusterRows, float_dtype, nearest_of
from tfprune.clustering.settings import ClusterSettings
from tfprune.errors import PruneError


def first_values(rows: ClusterRows, settings: ClusterSettings) -> dict[str, Any]:
    """Return what the variables of a kernel's clusters begin with, and the kernel itself.

    Args:
        rows: The kernel as rows.
        settings: How it is clustered.

    Returns:
        "original", "centroids", "indices" and "kernel" → a tensor.

    Raises:
        PruneError: the weights are not finite, or have no values yet.
    """
    kernel = rows.kernel
    weights = _checked(rows.of(ops.cast(kernel.variable, float_dtype(kernel))), kernel.name)
    number, how = settings.number_of_clusters, settings.cluster_centroids_init
    found = [centroids_of(row, number, how, settings.preserve_sparsity) for row in weights]
    centroids = np.stack(found).astype(weights.dtype)
    nearest = nearest_of(ops.convert_to_tensor(weights), ops.convert_to_tensor(centroids))
    values = rows.picked(ops.convert_to_tensor(centroids), nearest)
    if settings.preserve_sparsity:  # what begins as zero stays zero, as in tfmot
        weights = np.where(np.asarray(values) == 0, 0, weights)
    return {
        "original": rows.back(ops.convert_to_tensor(weights)),
        "centroids": centroids,
        "indices": rows.back(nearest),
        "kernel": rows.back(values),
    }


class ClusterStart:
    """Initializers of the variables of a kernel's clusters.

    The values are computed when Keras asks for the first of them, which may be late: a model may be
    built on its first batch.

    Args:
        rows: The kernel as rows.
        settings: How it is clustered.
    """

    def __init__(self, rows: ClusterRows, settings: ClusterSettings) -> None:
        self._rows = rows
        self._settings = settings
        self._values: dict[str, Any] = {}

    def initializer(self, what: str) -> Any:
        """Return an initializer for one of the variables; the first also writes the kernel."""

        def initialize(shape: Any, dtype: Any = None) -> Any:
            if not self._values:
                self._values = first_values(self._rows, self._settings)
                variable = self._rows.kernel.variable
                variable.assign(ops.cast(self._values["kernel"], variable.dtype))
            return ops.cast(self._values[what], dtype)

        return initialize


def _checked(weights: Any, name: str) -> Any:
    if not tf.executing_eagerly():
        raise PruneError(
            f"cluster {name}",
            "its layer is built inside a compiled function, where weights have no values yet",
            "build the model before: begin it with keras.Input(shape), or call it on a batch",
        )
    weights = np.asarray(weights)
    if not np.isfinite(weights).all():
        raise PruneError(
            f"cluster {name}",
            "some of its weights are NaN or infinite",
            "train it again, with a lower learning rate",
        )
    return weights
