"""strip_pruning: the inverse of prune_low_magnitude, with the zeros baked in."""

from __future__ import annotations

import warnings
from typing import Any

import keras
from keras import ops

from tfprune.errors import MissingExtra, PruneError, PruneWarning
from tfprune.graph import Clones, compiled_as, unwrapped
from tfprune.keras_facts import is_tf_keras
from tfprune.keras_internals import layers_of
from tfprune.masks.engine import MaskedKernel
from tfprune.masks.optimizer import PruningOptimizer
from tfprune.masks.wrapper import PruneLowMagnitude

_MADE_INSIDE = "leave its layers plain, and wrap it as a whole or train with PruningOptimizer"


def strip_pruning(model: Any) -> Any:
    """Return a plain model without wrappers, whose pruned weights are zero.

    Args:
        model: A model or layer with `PruneLowMagnitude` in it (not changed), or a tf_keras model
            pruned with tfmot. Any other Functional or Sequential model comes back as a copy.

    Returns:
        A plain Keras model or layer with no object of tfprune in it, compiled as `model` is, with a
        new optimizer; for a tf_keras model what tfmot's own `strip_pruning` returns. The weights of
        a model trained with `PruningOptimizer` are zero already; it only loses that optimizer.

    Raises:
        PruneError: the model is subclassed or not built.

    Warns:
        PruneWarning: a kernel was trained under a mask that never masked anything.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> from tfprune import prune_low_magnitude
        >>> [type(layer).__name__ for layer in strip_pruning(prune_low_magnitude(model)).layers]
        ['Dense']
    """
    if is_tf_keras(model):
        return _strip_tfmot(model)
    if not isinstance(model, keras.layers.Layer):
        raise PruneError(
            f"strip_pruning({type(model).__name__})",
            "it is not a Keras model",
            "pass a keras.Model",
        )
    zeros = {id(m.kernel.variable): m for m in masked_kernels(model)}
    _tell_unpruned(list(zeros.values()))
    clones = Clones(model, lambda variable: _masked(variable, zeros))
    stripped = unwrapped(model, PruneLowMagnitude, clones, _MADE_INSIDE)
    return compiled_as(stripped, model, _without_pruning(getattr(model, "optimizer", None)))


def _tell_unpruned(found: list[MaskedKernel]) -> None:
    """Warn of kernels that were trained under masks and have none: a callback was forgotten."""
    dense = [m for m in found if m.steps_begun > 0 and m.rule.final_sparsity and not m.sparsity()]
    if dense:
        more = f" and {len(dense) - 1} more" * (len(dense) > 1)
        warnings.warn(
            f"strip_pruning: no weight of {dense[0].name}{more} is masked, after "
            f"{dense[0].steps_begun} batches. Was UpdatePruningStep() among the callbacks of fit, "
            "and did training reach the first update of the schedule?",
            PruneWarning,
            stacklevel=3,
        )


def _without_pruning(optimizer: Any) -> Any:
    """Return the optimizer inside a `PruningOptimizer`, scaled losses or not."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = optimizer.inner_optimizer
        return inner.inner_optimizer if isinstance(inner, PruningOptimizer) else optimizer
    return optimizer.inner_optimizer if isinstance(optimizer, PruningOptimizer) else optimizer


def masked_kernels(model: Any) -> list[MaskedKernel]:
    """Return the masked kernels of all wrappers in a model or layer, each kernel once."""
    found: dict[int, MaskedKernel] = {}
    for layer in layers_of(model):
        if isinstance(layer, PruneLowMagnitude):
            for masked in layer.masked or []:
                found.setdefault(id(masked.kernel.variable), masked)
    return list(found.values())


def _masked(variable: Any, zeros: dict[int, MaskedKernel]) -> Any:
    masked = zeros.get(id(variable))
    return ops.convert_to_tensor(variable) if masked is None else masked.masked_value()


def _strip_tfmot(model: Any) -> Any:
    try:
        from tensorflow_model_optimization.python.core.sparsity.keras import prune, pruning_wrapper
    except ImportError as error:
        raise MissingExtra.named(
            "strip a model that tfmot has pruned", "tensorflow-model-optimization", "tfmot"
        ) from error
    import tf_keras

    stripped = tf_keras.models.clone_model(prune.strip_pruning(model))
    values = {}
    for wrapper in pruning_wrapper.collect_prunable_layers(model):
        for weight, mask, _ in wrapper.pruning_vars:
            values[id(weight)] = weight.numpy() * mask.numpy()
    weights = prune.strip_pruning(model).weights
    stripped.set_weights([values.get(id(w), w.numpy()) for w in weights])
    return stripped
