"""quantize_model: quantization-aware training of a Keras 3 model."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph import compiled_as, unfold
from tfprune.layer_names import Names, Selection, Selectors
from tfprune.notes import Note, joined
from tfprune.precision import in_float32
from tfprune.quantization.clusters import clusters_to_be_lost
from tfprune.quantization.planning import Int8Plan, plan
from tfprune.quantization.rewriting import Rewriting
from tfprune.quantization.rules import FLOAT, find_rule
from tfprune.wrapping import bare

log = logging.getLogger("tfprune")


def quantize_model(
    model: Any,
    *,
    keep_float: Selectors = (),
    keep_zeros: bool = True,
    momentum: float = 0.99,
) -> Any:
    """Return a trainable model that computes as its int8 .tflite file will (tfmot's name).

    Weights are rounded to int8, symmetric around zero, with a scale for each output channel of a
    convolution and one scale for a Dense or transposed convolution; every activation is rounded to
    int8 with one range that is learned while training and fixed in inference. BatchNormalization
    is folded into the kernel before it. Train the model a little, then convert it with
    `tfprune.convert(model, path, quantize="int8")`, which needs no representative data.

    A composite layer without a rule is quantized through the layers that it calls, where it can be
    unfolded into a nested model of its name. Other layers without a rule stay float; each is
    logged as a warning with its reason.

    Args:
        model: A Functional or built Sequential model, plain or wrapped for pruning or clustering;
            not changed. Kernels that `tfprune.clustering.cluster_weights` holds to few values go on
            doing so; those of a stripped model would not, which is told.
        keep_float: The layers to leave alone; see `tfprune.layer_names`.
        keep_zeros: Whether weights that are exactly zero stay zero while training, so that a
            pruned model stays pruned. Kernels under masks of `prune_low_magnitude` follow these.
        momentum: Of the moving average that learns a range, from 0 to 1.

    Returns:
        A Functional model with the weights of the original, which computes in float32 (int8 can't
        be rounded in half precision). `Quantized` layers bear the names of
        the layers they hold; `FakeQuantize` layers hold the ranges. It is compiled as `model` is,
        with a new optimizer.

    Raises:
        PruneError: the model is subclassed or not built, or nothing in it can be quantized, or a
            selector fits no layer.

    Example:
        >>> import numpy as np
        >>> inputs = keras.Input((4,), name="x")
        >>> model = keras.Sequential([inputs, keras.layers.Dense(2, name="head")])
        >>> aware = quantize_model(model)
        >>> aware.compile("sgd", "mse")
        >>> _ = aware.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
        >>> [layer.name for layer in aware.layers]
        ['x', 'x_range', 'head']
    """
    _check(model, momentum)
    with _everything_in_float32():
        fresh = _quantized(model, keep_float, keep_zeros, momentum)
    return compiled_as(fresh, model)


def layers_left_float(model: Any, keep_float: Selectors = ()) -> tuple[Note, ...]:
    """Return the layers of a model that `quantize_model` would leave float, each with the reason.

    Args:
        model: A Functional or built Sequential model, not changed.
        keep_float: As in `quantize_model`.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> layers = [keras.Input((4,)), keras.layers.LayerNormalization(name="norm")]
        >>> [note.subject for note in layers_left_float(keras.Sequential(layers))]
        ['norm']
    """
    _check(model)
    with _everything_in_float32():
        _, planned, folded, _ = _planned(model, keep_float)
    return tuple(dict.fromkeys(joined(planned.notes, folded)))


def _planned(
    model: Any, keep_float: Selectors
) -> tuple[Any, Int8Plan, Sequence[Note], Sequence[Note]]:
    """Return the model to quantize, the plan, why composites stay, and what left half precision."""
    names = Names(model)
    kept = Selection("keep_float", keep_float, names)

    def may_be_unfolded(layer: Any) -> bool:
        """Whether a layer has no rule, though the layers inside it may have one."""
        return find_rule(bare(layer)).output == FLOAT and not kept.means(names.of(layer))

    model, folded = unfold(model, may_be_unfolded)
    planned = plan(model, kept)
    model, changed = in_float32(model, "since int8 is rounded in it")
    planned = plan(model, kept) if changed else planned
    return model, planned, folded, changed


def _quantized(model: Any, keep_float: Selectors, keep_zeros: bool, momentum: float) -> Any:
    model, planned, folded, changed = _planned(model, keep_float)
    notes = joined(planned.notes, folded)
    if all(rule.output == FLOAT for rule in planned.rules.values()):
        raise PruneError(
            f"quantize {model.name!r}",
            "every layer would stay float:\n  " + "\n  ".join(map(str, notes)),
            "give layers of your own a method int8_call(q, *inputs)",
        )
    notes += clusters_to_be_lost(model)
    rewriting = Rewriting(model, planned, momentum, keep_zeros)
    fresh = rewriting.run()
    for note in dict.fromkeys((*changed, *notes, *rewriting.clones.notes)):
        log.warning("%s", note)
    return fresh


@contextlib.contextmanager
def _everything_in_float32() -> Iterator[None]:
    """Make new layers compute in float32, whatever the policy for layers of the user's own is."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _check(model: Any, momentum: float = 0.0) -> None:
    if not isinstance(model, keras.Model):
        raise PruneError(
            f"quantize an object of type {type(model).__name__}",
            "it is no Keras model",
            "pass a built keras.Model",
        )
    if not 0 <= momentum < 1:
        raise PruneError(f"momentum={momentum}", "it is a share, 0 <= momentum < 1", "0.99")
