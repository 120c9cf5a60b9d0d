"""The user's own layers and functions, known to Keras while a run loads its networks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph import inputs_of
from tfprune.keras_facts.origins import name_of, package_of
from tfprune.keras_internals import layers_of
from tfprune.wrapping import Clustering, HoldsRange, Masking


@contextmanager
def known(model: Any) -> Iterator[None]:
    """Make the classes and functions of a model's layers known by their names meanwhile.

    They need not be registered then: a run saves its networks and loads them again.
    """
    own = [model, *layers_of(model)]
    own += [value for layer in own for value in vars(layer).values() if _is_part(value)]
    things = [value if isinstance(value, FunctionType) else type(value) for value in own]
    foreign = {name_of(thing): thing for thing in things if package_of(thing) != "keras"}
    with keras.saving.custom_object_scope(foreign):
        yield


def _is_part(value: Any) -> bool:
    """Whether a layer's attribute may stand in its config: a function, an initializer, ..."""
    return isinstance(value, FunctionType) or callable(getattr(value, "get_config", None))


def has_code(model: Any) -> bool:
    """Whether it holds Python code, which Keras loads only from files that are trusted."""
    return any(isinstance(layer, keras.layers.Lambda) for layer in layers_of(model))


def check_plain(model: Any) -> None:
    """Check that a model is neither half pruned nor made for int8, and reads numbers.

    Raises:
        PruneError: it is.
    """
    asked = f"compress {model.name!r}"
    for layer in layers_of(model):
        if isinstance(layer, Masking):
            found = f"its layers carry pruning masks ({layer.name})"
            raise PruneError(asked, found, "pass tfprune.strip_pruning(model)")
        if isinstance(layer, Clustering):
            found = f"its layers hold clusters ({layer.name}), which training would keep"
            fix = "pass tfprune.clustering.strip_clustering(model)"
            raise PruneError(asked, found, fix)
        if isinstance(layer, HoldsRange):
            found = "it comes from quantize_model and computes with int8 numbers"
            raise PruneError(asked, found, "pass the model it was made from: compress quantizes")
    for own in inputs_of(model) or ():
        if own.dtype == "string":
            found = f"its input {own.name!r} takes strings, which need ops that TFLite has not"
            fix = "pass the part behind the TextVectorization, and look words up in the app"
            raise PruneError(asked, found, fix)
