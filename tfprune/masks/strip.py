"""strip_pruning: the inverse of prune_low_magnitude, with the zeros baked in."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfprune.errors import MissingExtra, PruneError
from tfprune.graph import Clones, compiled_as, replay
from tfprune.keras_facts import is_tf_keras
from tfprune.keras_internals import layers_of
from tfprune.masks.engine import MaskedKernel
from tfprune.masks.optimizer import PruningOptimizer
from tfprune.masks.wrapper import PruneLowMagnitude, build_inside


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
    clones = Clones(model, lambda variable: _masked(variable, zeros))
    if isinstance(model, keras.Model):
        stripped = replay(model, lambda layer: _strip_layer(layer, clones))
    else:
        stripped = _strip_layer(model, clones)
        if model.built:
            config = _inner(model).get_build_config() or {}
            build_inside(stripped, tuple(config.get("shapes_dict", config).values()), {})
    left = [part for part in layers_of(stripped) if isinstance(part, PruneLowMagnitude)]
    if left:  # made in the `build` of a layer of the user's own
        raise _made_inside(_holder(stripped, left[0]), left)
    clones.copy_weights()
    return compiled_as(stripped, model, _without_pruning(getattr(model, "optimizer", None)))


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


def _strip_layer(layer: Any, clones: Clones) -> Any:
    inner = _inner(layer)
    parts = layers_of(inner) if isinstance(inner, keras.layers.Layer) else []
    wrappers = [part for part in parts if isinstance(part, PruneLowMagnitude)]
    if not wrappers:
        return clones.of(inner)
    # A wrapper deep inside, as in TimeDistributed(prune_low_magnitude(Dense(8))).
    copy = type(inner).from_config(_strip_config(inner.get_config()))
    if any(isinstance(part, PruneLowMagnitude) for part in layers_of(copy)):
        raise _made_inside(inner, wrappers)
    added = {id(v) for part in wrappers for m in part.masked or [] for v in m.variables}
    variables = [variable for variable in inner.variables if id(variable) not in added]
    clones.pair(inner, copy, variables, [part for part in parts if part not in wrappers])
    clones.compare(inner, copy, variables)
    return copy


def _holder(model: Any, wrapper: Any) -> Any:
    """Return the layer of a model, or the layer itself, that holds a wrapper."""
    layers = model.layers if isinstance(model, keras.Model) else [model]
    return next(layer for layer in layers if any(p is wrapper for p in layers_of(layer)))


def _made_inside(layer: Any, wrappers: list[Any]) -> PruneError:
    return PruneError(
        f"strip the layer {layer.name!r}",
        f"its own code makes the pruning wrapper of {wrappers[0].name!r} anew",
        "leave its layers plain, and wrap it as a whole or train with tfprune.PruningOptimizer",
    )


def _strip_config(config: Any) -> Any:
    if isinstance(config, dict):
        if config.get("registered_name") == "tfprune>PruneLowMagnitude":
            return _strip_config(config["config"]["layer"])
        return {key: _strip_config(value) for key, value in config.items()}
    if isinstance(config, list):
        return [_strip_config(value) for value in config]
    return config


def _inner(layer: Any) -> Any:
    return layer.layer if isinstance(layer, PruneLowMagnitude) else layer


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
