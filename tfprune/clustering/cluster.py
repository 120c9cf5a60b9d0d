"""cluster_weights: wrap a layer, a list of layers or a whole model."""

from __future__ import annotations

import logging
from typing import Any

import keras

from tfprune.clustering.engine import GradientAggregation
from tfprune.clustering.initialization import CentroidInitialization
from tfprune.clustering.planning import ClusterPlan, plan_for, why_not
from tfprune.clustering.settings import ClusterSettings
from tfprune.clustering.wrapper import ClusterWeights
from tfprune.errors import PruneError
from tfprune.graph import Clones, check_rewired, replay
from tfprune.keras_facts import kernels_of, may_have_kernels
from tfprune.keras_internals import layers_of
from tfprune.layer_names import Selectors
from tfprune.masks.arguments import LAYER, check_keywords, first_layer
from tfprune.notes import Note

log = logging.getLogger("tfprune")
_SUBCLASSED = "wrap its layers where they are made: cluster_weights(keras.layers.Dense(64), 16)"


def cluster_weights(
    to_cluster: Any,
    number_of_clusters: int,
    cluster_centroids_init: Any = CentroidInitialization.KMEANS_PLUS_PLUS,
    preserve_sparsity: bool = False,
    cluster_per_channel: bool = False,
    *,
    cluster_gradient_aggregation: Any = GradientAggregation.AVG,
    leave_alone: Selectors = (),
    **kwargs: Any,
) -> Any:
    """Let each kernel hold few different values, and train these (tfmot's name and arguments).

    A file whose kernels hold 16 values is as large as before, but packs to a fraction of it for
    the download (Han et al. 2016, "Deep Compression", arXiv:1510.00149). A model is rebuilt with
    copies of its weights; each layer with kernels is wrapped in `ClusterWeights`, and its kernels
    hold the values of their centroids from then on. Train it a little with a small learning rate,
    then `strip_clustering`, or `tfprune.quantize_model` first: int8 training keeps the clusters.

    Depthwise kernels, kernels with no more weights than clusters, and layers that say of no
    matrix that it is a kernel are left alone; `plan_clusters` has a row for each.

    Args:
        to_cluster: A built Functional or Sequential model, not changed; a layer or a list of
            layers, wrapped as they are: the kernel of a built layer is clustered in place.
        number_of_clusters: At most so many values for each kernel, 2 or more (3 with
            `preserve_sparsity`).
        cluster_centroids_init: Where the centroids begin, a `CentroidInitialization`.
        preserve_sparsity: Whether zeros stay zero, so that a pruned model stays pruned; one of the
            centroids is zero then. Strip the pruning masks first.
        cluster_per_channel: Whether each output channel of a convolution has centroids of its own.
            Other kernels have one set for all.
        cluster_gradient_aggregation: "AVG" moves a centroid by the mean of what the optimizer does
            to its weights, "SUM" by the sum, a `GradientAggregation`.
        leave_alone: Only for a model: the layers to leave alone; see `tfprune.layer_names`.
        **kwargs: Only for a layer or a list: what Keras layers take, passed to each wrapper.

    Returns:
        The same kind of object as `to_cluster`. A model is to be compiled. A layer without kernels
        comes back as it is.

    Raises:
        PruneError: the model is subclassed, not built or made for int8, nothing in it can be
            clustered, or an argument is wrong or unknown.

    Example:
        >>> import numpy as np
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, name="head")])
        >>> clustered = cluster_weights(model, number_of_clusters=4)
        >>> len(np.unique(clustered.get_layer("head").layer.kernel))
        4
    """
    what = f"cluster_weights({type(to_cluster).__name__})"
    settings = ClusterSettings(
        number_of_clusters=number_of_clusters,
        cluster_centroids_init=cluster_centroids_init,
        preserve_sparsity=preserve_sparsity,
        cluster_per_channel=cluster_per_channel,
        cluster_gradient_aggregation=cluster_gradient_aggregation,
    )
    if isinstance(to_cluster, keras.Model):
        check_keywords(what, kwargs, cluster_weights)
        check_rewired(to_cluster, _SUBCLASSED)
        return _cluster_model(to_cluster, settings, plan_for(to_cluster, settings, leave_alone))
    check_keywords(what, kwargs, cluster_weights, LAYER, first_layer)
    if leave_alone:
        found = "it chooses among the layers of a model; here it is layers that were given"
        raise PruneError(f"{what} with leave_alone=...", found, "leave it out, or pass the model")
    return _cluster_layers(what, to_cluster, settings, kwargs)


def _cluster_layers(what: str, given: Any, settings: ClusterSettings, kwargs: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_cluster_layers(what, one, settings, kwargs) for one in given]
    if isinstance(given, keras.Model):  # in a list
        return cluster_weights(given, **settings.get_config())
    if isinstance(given, keras.layers.Layer):
        return _cluster_layer(given, settings, kwargs)
    raise PruneError(
        what,
        "it is neither a Keras model, a layer, nor a list of layers",
        "pass a keras.Model; tf_keras models are clustered with tfmot itself",
    )


def _cluster_layer(layer: Any, settings: ClusterSettings, kwargs: dict[str, Any]) -> Any:
    kernels = kernels_of(layer) if layer.built else []
    reasons = [why_not(kernel, settings) for kernel in kernels]
    if not may_have_kernels(layer):
        log.info("%s", Note(layer.name, f"{type(layer).__name__} has no kernel"))
    elif reasons and all(reasons):
        for kernel, reason in zip(kernels, reasons, strict=True):
            log.warning("%s", Note(kernel.name, str(reason)))
    else:
        return ClusterWeights(layer, **settings.get_config(), **kwargs)
    return layer


def _cluster_model(model: Any, settings: ClusterSettings, plan: ClusterPlan) -> Any:
    names = {id(kernel.variable): kernel.name for kernel in kernels_of(model)}
    planned = {row.kernel for row in plan.rows if row.values is not None}
    if not planned:
        raise PruneError(
            f"cluster the weights of {model.name!r}",
            "no kernel would be clustered:\n  " + "\n  ".join(map(str, plan.rows)),
            "use fewer clusters, or leave fewer layers alone",
        )
    clones = Clones(model)
    wrappers: list[ClusterWeights] = []

    def change(layer: Any) -> Any:
        copy = clones.of(layer)
        kernels = kernels_of(layer) if isinstance(layer, keras.layers.Layer) else []
        own = [i for i, kernel in enumerate(kernels) if names[id(kernel.variable)] in planned]
        if not own or _is_wrapped(layer):
            return copy
        if copy is layer:
            clones.notes.append(Note(layer.name, "not clustered, since it would change that model"))
            return copy
        wrappers.append(ClusterWeights(copy, **settings.get_config(), kernels=own))
        wrappers[-1].starts_later = True
        return wrappers[-1]

    clustered = replay(model, change)
    clones.copy_weights()
    for wrapper in wrappers:
        wrapper.begin()
    for note in clones.notes:
        log.warning("%s", note)
    for row in plan.rows:
        log.log(logging.WARNING if row.surprising else logging.INFO, "%s", row)
    return clustered


def _is_wrapped(layer: Any) -> bool:
    """Whether it is a wrapper or holds one, as TimeDistributed(cluster_weights(...)) does."""
    return any(isinstance(part, ClusterWeights) for part in layers_of(layer))
