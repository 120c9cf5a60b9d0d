"""recalibrate: measure the statistics of every BatchNormalization again, on data."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops
from keras.layers import BatchNormalization
from numpy.typing import NDArray

from tfprune.criteria.observe import observe
from tfprune.errors import PruneError, PruneWarning, first_line
from tfprune.graph import Clones, check_built, compiled_as, is_graph, replay
from tfprune.keras_internals import layers_of, own_trainable, set_own_trainable
from tfprune.layer_names import Names
from tfprune.notes import Note

log = logging.getLogger("tfprune")


def recalibrate(model: Any, data: Any, steps: int | None = None) -> Any:
    """Return a copy whose BatchNormalization layers hold the mean and variance of the data.

    Removing channels, or a short training with Keras' momentum of 0.99 or 0.999, leaves moving
    statistics that are not those of the activations. Here each layer's mean and variance are
    taken over all batches together: batch variances are combined by the law of total variance,
    in float64 (Chan et al. 1979, "Updating formulae and a pairwise algorithm for computing sample
    variances"). While it measures, a layer normalizes each batch by the statistics of that batch,
    as in training; every other layer runs as in inference: no dropout, augmentation or stochastic
    depth. That is "precise BatchNorm" (Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm",
    arXiv 2105.07576, section 3), so use batches of the size you train with, at least 32.

    Args:
        model: A built Keras model, not changed. A subclassed one must come back from its config.
        data: What `fit` takes, preprocessed as in training: an array (batches of 32), a list or
            dict of arrays, a tuple (inputs, targets), or a `tf.data.Dataset`, `PyDataset` or
            generator of batches, (inputs,) or (inputs, targets). Only the inputs are used.
        steps: Number of batches; None for all. Data without end needs it.

    Returns:
        A new model with the same weights and `trainable` flags, compiled as `model` is, with a new
        optimizer. Frozen layers
        (`trainable=False`) are measured like the others: they were frozen for training, and
        pruning has changed what they see. With no BatchNormalization in the model it is a plain
        copy, and a `PruneWarning` says so; so does one for each layer with moving statistics that
        keeps its old ones (batch renormalization, custom layers, a call inside a loop).

    Raises:
        PruneError: the model is not built or cannot be copied, or the data is empty, endless, or
            does not fit the model.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization()])
        >>> new = recalibrate(model, np.array([[1.0], [3.0]]))
        >>> [float(w[0]) for w in new.layers[0].get_weights()]
        [1.0, 0.0, 2.0, 1.0]
    """
    copy = _copy(model)
    names = Names(copy)
    norms, notes = _measurable(copy, {id(layer) for layer in layers_of(model)}, names)
    if norms:
        listeners = [_Listener(layer) for layer in norms]
        _measure(copy, listeners, data, steps)
        notes += [note for listener in listeners for note in listener.finish(names)]
    else:
        notes.append(Note(model.name, "it has no BatchNormalization to recalibrate: a plain copy"))
    if notes:
        warnings.warn("\n".join(map(str, notes)), PruneWarning, stacklevel=2)
    return compiled_as(copy, model)


def _copy(model: Any) -> Any:
    check_built(model, "recalibrate a")
    clones = Clones(model)
    copy = replay(model, clones.of) if is_graph(model) else _copy_subclassed(model, clones)
    clones.copy_weights()
    for note in clones.notes:
        log.warning("%s", note)
    return copy


def _copy_subclassed(model: Any, clones: Clones) -> Any:
    try:
        copy = type(model).from_config(model.get_config())
        copy.build_from_config(model.get_build_config())
        if [v.shape for v in copy.variables] != [v.shape for v in model.variables]:
            raise ValueError("the weights of the copy have other shapes")
    except Exception as error:
        raise PruneError(
            f"copy the subclassed model {model.name!r} ({type(model).__name__})",
            f"it does not come back from its config: {first_line(error)}",
            "give it get_config and from_config, and call it on data once before",
        ) from error
    clones.pair(model, copy)
    clones.compare(model, copy)
    return copy


def _measurable(copy: Any, of_user: set[int], names: Names) -> tuple[list[Any], list[Note]]:
    norms, notes = [], []
    for layer in layers_of(copy):
        if "moving_mean" not in vars(layer):
            continue
        reason = _why_not(layer, id(layer) in of_user)
        if reason is None:
            norms.append(layer)
        else:
            notes.append(Note(names.path_of(layer), f"keeps its moving statistics: {reason}"))
    return norms, notes


def _why_not(layer: Any, is_users: bool) -> str | None:
    if is_users:
        return "it is shared with the original model, since it cannot be rebuilt from its config"
    if type(layer).call is not BatchNormalization.call:
        return f"how {type(layer).__name__} computes them is its own code"
    if getattr(layer, "renorm", False):  # Keras 3.12 has none
        return "batch renormalization normalizes by them while it trains"
    return None


def _measure(copy: Any, listeners: list[_Listener], data: Any, steps: int | None) -> None:
    def measure(x: Any, *_: Any) -> dict[str, Any]:
        for listener in listeners:
            listener.start()
        copy(x, training=False)
        found = {
            f"{i} {j} {name}": value
            for i, listener in enumerate(listeners)
            for j, heard in enumerate(listener.heard)
            for name, value in heard.items()
        }
        return found or {"nothing": ops.zeros(())}  # a step must return something

    def take(batch: dict[str, NDArray[Any]]) -> None:
        for key in (key for key in batch if key.endswith("count")):
            i, j, _ = key.split()
            # Keras makes a number of an array with one entry.
            mean, variance = (np.ravel(batch[f"{i} {j} {part}"]) for part in ("mean", "variance"))
            listeners[int(i)].moments.add(float(batch[key]), mean, variance)

    observe(copy, measure, take, data, steps, f"recalibrate {copy.name!r}")


class _Listener:
    """Makes one layer of our own normalize by its batch, and tells what that batch held."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.moments = Moments()
        self.heard: list[dict[str, Any]] = []
        self._before = layer.momentum, own_trainable(layer)
        # With momentum 0 the moving statistics are those of the batch after each call.
        layer.momentum = 0.0
        set_own_trainable(layer, True)
        layer.call = self._call

    def start(self) -> None:
        self.heard = []
        self._graph = tf.compat.v1.get_default_graph()

    def _call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if _in_a_loop(self._graph):
            return BatchNormalization.call(self.layer, inputs, training=False, mask=mask)
        outputs = BatchNormalization.call(self.layer, inputs, training=True, mask=mask)
        self.heard.append(
            {
                # Read now: the next call of this layer overwrites them.
                "mean": tf.identity(self.layer.moving_mean.value),
                "variance": tf.identity(self.layer.moving_variance.value),
                "count": _positions(inputs, mask) / self.layer.moving_mean.shape[0],
            }
        )
        return outputs

    def finish(self, names: Names) -> list[Note]:
        layer = self.layer
        del layer.call
        layer.momentum, trainable = self._before
        set_own_trainable(layer, trainable)
        if self.moments.count == 0:
            reason = "no batch reached it, or it is called inside a loop (dynamic TimeDistributed)"
            return [Note(names.path_of(layer), f"keeps its moving statistics: {reason}")]
        layer.moving_mean.assign(self.moments.mean)
        layer.moving_variance.assign(self.moments.spread / self.moments.count)
        return []


def _in_a_loop(outside: Any) -> bool:
    """Whether we are in the body of a loop, whose tensors must not leave it."""
    # tf.while_loop traces a graph of its own, tf.vectorized_map a name scope of the same graph.
    scopes = tf.get_current_name_scope().split("/")
    return tf.compat.v1.get_default_graph() is not outside or "loop_body" in scopes


def _positions(inputs: Any, mask: Any) -> Any:
    size = ops.cast(ops.size(inputs), "float32")
    return size if mask is None else size * ops.mean(ops.cast(mask, "float32"))


class Moments:
    """Count, mean and sum of squared deviations of all batches added so far, in float64."""

    def __init__(self) -> None:
        self.count = 0.0
        self.mean: NDArray[np.float64] = np.zeros(())
        self.spread: NDArray[np.float64] = np.zeros(())

    def add(self, count: float, mean: NDArray[Any], variance: NDArray[Any]) -> None:
        """Merge a batch of `count` values per channel (Chan et al. 1979, eq. 2.1)."""
        if count == 0:
            return
        total = self.count + count
        delta = mean.astype(np.float64) - self.mean
        self.mean = self.mean + delta * count / total
        self.spread = self.spread + variance * count + delta**2 * (self.count * count / total)
        self.count = total
