"""merge_lora: what LoRA has learned goes into the kernels it belongs to; zeros stay zeros."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfprune.errors import PruneWarning
from tfprune.graph import Clones, compiled_as, replay, tensor_of
from tfprune.keras_internals import Lora, layers_of, lora_of
from tfprune.layer_names import Names
from tfprune.notes import Note


def merge_lora(model: Any, *, keep_zeros: bool = True) -> Any:
    """Return a plain copy of a model in which LoRA weights are added to the kernels they belong to.

    LoRA (Hu et al. 2021, arXiv 2106.09685) trains W + (alpha / rank) · A B with W frozen. Added up,
    the zeros of a pruned W are gone: A B is dense. With `keep_zeros` they stay: where W is zero,
    nothing is added, and what is left out is told.

    Args:
        model: A Functional or built Sequential model, not changed; LoRA may be enabled on layers
            inside others (`MultiHeadAttention`), too.
        keep_zeros: Whether weights that are zero stay zero. Then the copy computes what the model
            computes only where there were none: train with few zeros, or measure afterwards.

    Returns:
        A model without LoRA weights, whose kernels can be trained again, compiled as `model` is.
        A model without LoRA comes back as a copy.

    Raises:
        PruneError: the model is subclassed or not built.

    Warns:
        PruneWarning: how many zeros stayed, and which share of the learned change fell on them.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> model.get_layer("head").enable_lora(1)
        >>> [v.name for v in merge_lora(model).variables]
        ['kernel', 'bias']
    """
    layers = [(layer, lora) for layer in layers_of(model) if (lora := lora_of(layer))]
    found = {id(lora.base): lora for _, lora in layers}
    values = {key: _merged(lora, keep_zeros) for key, lora in found.items()}
    clones = Clones(model, lambda variable: values.get(id(variable), tensor_of(variable)))
    copies: list[tuple[Any, Any]] = []

    def change(layer: Any) -> Any:
        copy = _without(layer, found, clones)
        copies.append((layer, copy))
        return copy

    plain = replay(model, change)
    clones.copy_weights()
    free = {id(lora.base) for layer, lora in layers if layer.trainable}
    for layer, copy in copies:
        _trained_again(layer, copy, found, free)
    names = Names(model)
    notes = [note for layer, lora in layers if (note := _left_out(names.path_of(layer), lora))]
    if keep_zeros and notes:
        warnings.warn("\n".join(map(str, notes)), PruneWarning, stacklevel=2)
    return compiled_as(plain, model)


def _merged(lora: Lora, keep_zeros: bool) -> Any:
    """Return the values of a kernel with what was learned added to it."""
    if not keep_zeros:
        return lora.merged
    return keras.ops.where(keras.ops.equal(lora.base, 0), lora.base, lora.merged)


def _without(layer: Any, found: Mapping[int, Lora], clones: Clones) -> Any:
    """Return a copy of a layer without the LoRA weights that are in it."""
    variables = getattr(layer, "variables", ())
    own = [found[id(v)] for v in variables if id(v) in found]
    if not own:
        return clones.of(layer)
    config = {k: v for k, v in layer.get_config().items() if not k.startswith("lora_")}
    copy = type(layer).from_config(config)
    added = {id(v) for lora in own for v in lora.added}
    clones.pair(layer, copy, [v for v in variables if id(v) not in added])
    return copy


def _trained_again(layer: Any, copy: Any, found: Mapping[int, Lora], free: set[int]) -> None:
    """Let the kernels that LoRA had frozen train; a layer that is frozen itself stays so."""
    added = {id(v) for lora in found.values() for v in lora.added}
    kept = [v for v in getattr(layer, "variables", ()) if id(v) not in added]
    for old, new in zip(kept, getattr(copy, "variables", ()), strict=True):
        if id(old) in free:
            new.trainable = True


def _left_out(path: str, lora: Lora) -> Note | None:
    """Say which share of the learned change fell on zeros, None where there are none."""
    base, merged = np.asarray(lora.base), np.asarray(lora.merged)
    zeros, change = base == 0, np.square(merged - base)
    if not zeros.any():
        return None
    share = float(change[zeros].sum() / max(change.sum(), np.finfo(np.float32).tiny))
    told = f"{int(zeros.sum())} of {zeros.size} weights stay zero"
    return Note(path, f"{told}; {share:.0%} of what LoRA learned (its square) fell on them")
