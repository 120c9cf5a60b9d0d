"""Whether a copy computes what its original does, tried on one small drawn batch.

A config that forgets a setting makes another layer of the same shapes, in silence. Keras' own
layers tell all in theirs; a layer of anybody else, or one that holds a function of anybody
else, is tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import keras
import numpy as np

from tfprune.errors import PruneError, first_line
from tfprune.graph.drawing import drawn
from tfprune.keras_facts import package_of
from tfprune.keras_internals import calls_of, layers_of
from tfprune.notes import Note

_OURS = ("keras", "tfprune", "tensorflow", "builtins")
_WITH_ROOM_OF_ITS_OWN = (FunctionType, BuiltinFunctionType, MethodType, type)
"""Of these objects each knows where it was written; of others the class does."""
_ROUNDING = {"float16": 2.0**-6, "bfloat16": 2.0**-3, "float32": 2.0**-19, "float64": 2.0**-48}
"""Sixteen steps of each type: the same numbers, added up in another order."""


def may_forget(layer: Any) -> bool:
    """Whether the layer, or what stands inside it, is code of somebody else than Keras."""
    if type(layer) is keras.layers.Lambda:  # its copy has the same function
        return False
    return any(_is_foreign(type(part)) or _holds_foreign(part) for part in layers_of(layer))


def compare(layer: Any, copy: Any, variables: list[Any], path: str) -> Note | None:
    """Call a layer and its copy, given the same weights, with the same drawn numbers.

    Args:
        layer: A built layer that belongs to the user; neither it nor its states change.
        copy: The copy; one that is not built yet is built.
        variables: Variables of `layer`, in the order of the copy's.
        path: What notes and errors call the layer.

    Returns:
        None if both agree; a note if they could not be compared, or if they agree in inference
        though settings were forgotten.

    Raises:
        PruneError: the copy computes something else.
    """
    try:
        args, kwargs = _arguments(layer)
        wanted = _outputs(layer, args, kwargs)
    except Exception as error:  # the layer's own code, with any error of its own
        return _not_compared(path, f"it cannot be tried on drawn numbers ({first_line(error)})")
    difference = _difference(wanted, _of_copy(layer, copy, variables, path, args, kwargs))
    forgotten = ", ".join(_forgotten(layer, copy))
    if difference is None:
        told = f"its copy has {forgotten}: get_config() does not tell it"
        return Note(path, told) if forgotten else None
    if _difference(wanted, _outputs(layer, args, kwargs)) is not None:
        return _not_compared(path, "it draws random numbers in inference")
    raise _another_layer(layer, path, f"it computes something else: {forgotten or difference}")


def _not_compared(path: str, reason: str) -> Note:
    return Note(path, f"not compared with its copy: {reason}")


def _another_layer(layer: Any, path: str, found: str) -> PruneError:
    return PruneError(
        f"copy the layer {path!r}",
        f"rebuilt from its config {found}",
        f"return every argument of {type(layer).__name__}.__init__ from its get_config()",
    )


def _of_copy(
    layer: Any, copy: Any, variables: list[Any], path: str, args: Any, kwargs: Any
) -> list[Any]:
    """Return what the copy puts out with the weights of its original."""
    try:
        if not copy.built:
            copy(*args, **kwargs)
        pairs = list(zip(variables, copy.variables, strict=False))
        if not same_weights(len(variables), copy, pairs):
            raise other_weights(path)
        with keras.StatelessScope([(target, source) for source, target in pairs]):
            return keras.tree.flatten(copy(*args, **kwargs))
    except PruneError:
        raise
    except Exception as error:  # the layer's own code, again
        raise _another_layer(layer, path, f"it fails: {first_line(error)}") from error


def same_weights(count: int, copy: Any, pairs: list[Any]) -> bool:
    """Whether the copy of a layer has as many weights as the layer, of the same shapes.

    Args:
        count: How many weights the copy must have.
        copy: The copy, built.
        pairs: Variables or values for the copy, with the copy's variables.
    """
    same = all(tuple(value.shape) == tuple(target.shape) for value, target in pairs)
    return same and len(copy.variables) == count


def other_weights(path: str) -> PruneError:
    """Return the error for a layer, by its path, whose copy has other weights."""
    return PruneError(
        f"copy the layer {path!r}",
        "rebuilt from its config it has other weights than now",
        "LoRA: tfprune.training.merge_lora(model) first; a custom layer tells all in get_config()",
    )


def _is_foreign(kind: Any) -> bool:
    return package_of(kind) not in _OURS


def _holds_foreign(layer: Any) -> bool:
    attributes: list[tuple[Any, Any]] = [(value, type(value)) for value in vars(layer).values()]
    return any(
        _is_foreign(value)
        for value, kind in attributes
        if _may_be_foreign(kind) and not isinstance(value, keras.layers.Layer)
    )


@cache
def _may_be_foreign(kind: Any) -> bool:
    """Whether an object of a class may be foreign code; asked once, a layer has 60 attributes."""
    callable_ = any("__call__" in vars(base) for base in kind.__mro__)
    return callable_ and (issubclass(kind, _WITH_ROOM_OF_ITS_OWN) or _is_foreign(kind))


def _arguments(layer: Any) -> tuple[Any, Any]:
    """Return drawn arguments as in the layer's first call, else of the shapes it was built with."""
    rng = np.random.default_rng(0)
    if calls_of(layer):
        arguments = calls_of(layer)[0].arguments
        args, kwargs = drawn((arguments.args, arguments.kwargs), rng)
    else:
        shapes = list((layer.get_build_config() or {}).values())
        if len(shapes) != 1:
            raise ValueError("the shapes of its inputs are not known")
        tensors = keras.tree.map_shape_structure(
            lambda shape: keras.KerasTensor(shape, layer.compute_dtype), shapes[0]
        )
        args, kwargs = drawn(((tensors,), {}), rng)
    if "training" in inspect.signature(layer.call).parameters and "training" not in kwargs:
        kwargs = {**kwargs, "training": False}
    return args, kwargs


def _outputs(layer: Any, args: Any, kwargs: Any) -> list[Any]:
    with keras.StatelessScope():  # what the call assigns to its states is forgotten
        return keras.tree.flatten(layer(*args, **kwargs))


def _difference(wanted: list[Any], made: list[Any]) -> str | None:
    """Return how two results differ, None if they agree."""
    for old, new in zip(wanted, made, strict=False):
        if tuple(old.shape) != tuple(new.shape):
            return f"it puts out {tuple(new.shape)}, not {tuple(old.shape)}"
        allowed = _ROUNDING.get(keras.backend.standardize_dtype(old.dtype), 0.0)
        old, new = (np.asarray(keras.ops.cast(value, "float64")) for value in (old, new))
        size = np.abs(old[np.isfinite(old)]).max(initial=0.0)
        if not np.allclose(old, new, rtol=0, atol=allowed * size, equal_nan=True):
            off = np.abs(np.nan_to_num(old) - np.nan_to_num(new)).max()
            return f"off by {off:.2g} where the largest output is {size:.2g}"
    if len(wanted) != len(made):
        return f"it puts out {len(made)} tensors, not {len(wanted)}"
    return None


def _forgotten(layer: Any, copy: Any) -> Iterator[str]:
    """Yield the plain settings, public attributes, that are not the same in the copy."""
    for old, new in zip(layers_of(layer), layers_of(copy), strict=False):
        inside = "" if old is layer else f"{old.name}."
        for key, value in vars(old).items():
            got = vars(new).get(key, value)
            plain = isinstance(value, (bool, int, float, str)) and not key.startswith("_")
            if plain and key not in ("name", "built") and got != value:
                yield f"{inside}{key} {got!r} instead of {value!r}"
