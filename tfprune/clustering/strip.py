"""strip_clustering: the inverse of cluster_weights, with few values in each kernel."""

from __future__ import annotations

import warnings
from typing import Any

import keras

from tfprune.clustering.engine import ClusteredKernel
from tfprune.clustering.wrapper import ClusterWeights
from tfprune.errors import PruneError, PruneWarning
from tfprune.graph import Clones, compiled_as, tensor_of, unwrapped
from tfprune.keras_internals import layers_of

_MADE_INSIDE = "leave its layers plain, and wrap it as a whole"


def strip_clustering(model: Any) -> Any:
    """Return a plain model without wrappers, whose kernels hold few values (tfmot's name).

    Args:
        model: A model or layer with `ClusterWeights` in it, not changed; also one that
            `quantize_model` has made of such a model, whose int8 ranges stay. Any other Functional
            or Sequential model comes back as a copy.

    Returns:
        A plain Keras model or layer, compiled as `model` is, with a new optimizer.

    Raises:
        PruneError: the model is subclassed or not built, or a layer's own code makes a wrapper.

    Warns:
        PruneWarning: a kernel was written by something else (a moving average of the optimizer's,
            `set_weights`), and gets its centroids back.

    Example:
        >>> from tfprune.clustering import cluster_weights
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, name="head")])
        >>> [type(layer).__name__ for layer in strip_clustering(cluster_weights(model, 4)).layers]
        ['Dense']
    """
    if not isinstance(model, keras.layers.Layer):
        raise PruneError(
            f"strip_clustering({type(model).__name__})",
            "it is not a Keras model",
            "pass a keras.Model; tf_keras models are stripped with tfmot itself",
        )
    kernels = {id(one.kernel.variable): one for one in clustered_kernels(model)}
    written = [one.kernel.name for one in kernels.values() if not one.holds()]
    clones = Clones(model, lambda v: kernels[id(v)].value() if id(v) in kernels else tensor_of(v))
    plain = unwrapped(model, ClusterWeights, clones, _MADE_INSIDE)
    if written:
        told = "was written by something else (a moving average, set_weights): its centroids count"
        warnings.warn(f"{', '.join(written)}: {told}", PruneWarning, stacklevel=2)
    return compiled_as(plain, model)


def clustered_kernels(model: Any) -> list[ClusteredKernel]:
    """Return the clustered kernels of all wrappers in a model or layer, each kernel once."""
    wrappers = [layer for layer in layers_of(model) if isinstance(layer, ClusterWeights)]
    found = {id(c.kernel.variable): c for one in wrappers for c in one.clustered or []}
    return list(found.values())
