"""What tells a model from another, whatever numbers Keras has put behind its names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfprune.errors import PruneError, first_sentence
from tfprune.graph import inputs_of
from tfprune.keras_internals import default_name
from tfprune.runs import digest


@dataclass(frozen=True)
class ModelWord:
    """A word that changes with a model, and what its inputs are called in it."""

    key: str
    inputs: tuple[str, ...]


def word_of(model: Any, exact: bool) -> ModelWord:
    """Return what tells a model from another: its layers, its weights, the user's names.

    Names that Keras made (`dense_3` is the fourth Dense of this process) are replaced by the place
    of the layer in the model, so that the same model, built again, is the same.

    Args:
        model: Built.
        exact: Whether all names count, for somebody speaks of layers by them.

    Raises:
        PruneError: the model has a layer without a config.
    """
    try:
        tree = json.loads(model.to_json())
    except Exception as error:  # whatever a user's get_config says
        raise PruneError(
            f"compress {model.name!r}",
            f"its layers cannot be saved: {first_sentence(error)}",
            "give a layer of your own a get_config that returns the arguments of its __init__",
        ) from error
    places = {} if exact else _places(tree)
    names = tuple(places.get(own.name, own.name) for own in inputs_of(model) or ())
    weights = [variable.numpy() for variable in model.weights]  # no seeds, which each process draws
    return ModelWord(digest([_replaced(tree, places), weights]), names)


def _places(tree: Any) -> dict[str, str]:
    """Return the names that Keras made, each with its class and place: `dense_3` → `Dense 2`."""
    found: dict[str, str] = {}
    for place, (kind, name) in enumerate(_operations(tree)):
        if re.fullmatch(rf"{re.escape(default_name(kind))}(_\d+)?", name):
            found.setdefault(name, f"{kind} {place}")
    return found


def _operations(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield class and name of each layer and operation in a config, nested ones too."""
    if isinstance(tree, Mapping):
        config = tree.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        if isinstance(name, str) and isinstance(tree.get("class_name"), str):
            yield tree["class_name"], name
        tree = list(tree.values())
    for own in tree if isinstance(tree, list) else ():
        yield from _operations(own)


def _replaced(tree: Any, names: Mapping[str, str]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _replaced(own, names) for key, own in tree.items()}
    if isinstance(tree, list):
        return [_replaced(own, names) for own in tree]
    return names.get(tree, tree) if isinstance(tree, str) else tree
