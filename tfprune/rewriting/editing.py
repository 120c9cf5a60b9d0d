"""Change single calls of a graph, all at once, with a row for each change."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.graph import Calls, Clones, replay
from tfprune.notes import Note
from tfprune.rewriting.sparse_part import SparsePart

EXACT = "exact"
SHIFTS = "shifts"


@dataclass(frozen=True)
class Change:
    """One change of a model.

    Args:
        subject: The layer it is about.
        what: What became of it.
        effect: `"exact"`: the model computes what it computed, up to rounding; `"shifts"`: the
            layer looks at its input one pixel further up and left, so train afterwards.

    Example:
        >>> print(Change("pool", "keepdims=True becomes False", EXACT))
        pool: keepdims=True becomes False (exact)
    """

    subject: str
    what: str
    effect: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what} ({self.effect})"


New = Callable[[Any], Any]
"""Tensor of the original → the tensor in its place."""

Make = Callable[[New], Any]
"""`make(new)` makes a call in another way and returns its outputs."""


class Edits:
    """Changes to single calls of a model, collected and then applied in one replay.

    What nothing reads any more after the changes is left out.

    Args:
        model: A flat Functional or Sequential model, not changed.

    Attributes:
        calls: Its calls.
        part: Those of them that may run sparse.
        changes: A row for each change.
        notes: What could not be changed.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.calls = Calls(model)
        self.part = SparsePart(self.calls)
        self._clones = Clones(model)
        self.changes: list[Change] = []
        self.notes: list[Note] = []
        self._instead: dict[int, Make] = {}
        self._layers: dict[Hashable, Any] = {}
        self._names = {node.operation.name for node in self.calls.nodes}

    def instead(self, node: Any, make: Make) -> None:
        """Let a call be made by `make`."""
        self._instead[id(node)] = make

    def is_changed(self, node: Any) -> bool:
        """Whether the call is made in another way."""
        return id(node) in self._instead

    def name(self, wanted: str) -> str:
        """Return a name that no other operation of the model has."""
        taken, number = wanted, 0
        while taken in self._names:
            number += 1
            taken = f"{wanted}_{number}"
        self._names.add(taken)
        return taken

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return one layer for all calls with this key, so that a shared layer stays shared."""
        if key not in self._layers:
            self._layers[key] = make()
        return self._layers[key]

    def copy(self, operation: Any, **config: Any) -> Any:
        """Return the one copy of an operation that all calls share, with its weights later on.

        Args:
            operation: An operation of the model.
            config: Entries of its config that change, but no shape of a weight.
        """
        changed = {**operation.get_config(), **config} if config else None
        key = (id(operation), *sorted(config))
        return self.once(key, lambda: self._clones.of(operation, changed))

    def apply(self) -> Any:
        """Return the changed model with all weights; the model itself if nothing changes."""
        if not self._instead:
            return self.model
        made: dict[int, Any] = {}

        def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
            made.update(_pairs((node.arguments.args, node.arguments.kwargs), (args, kwargs)))
            make = self._instead.get(id(node))
            if make is None:
                results = operation(*args, **kwargs)
            else:
                results = make(lambda tensor: made[id(tensor)])
            made.update(_pairs(node.outputs, results))
            return results

        kept = {id(n.operation) for n in self.calls.nodes if not self.is_changed(n)}
        fresh = replay(
            self.model,
            lambda op: self.copy(op) if id(op) in kept else op,
            call=call,
            same_shapes=False,
        )
        self._clones.copy_weights()
        self.notes += self._clones.notes
        return fresh


def _pairs(old: Any, new: Any) -> dict[int, Any]:
    pairs = zip(keras.tree.flatten(old), keras.tree.flatten(new), strict=True)
    return {id(a): b for a, b in pairs if isinstance(a, keras.KerasTensor)}


def fill(layer: Any, original: Any, **weights: NDArray) -> None:
    """Give a built layer these weights, and the `trainable` flag of the layer it stands for."""
    for name, value in weights.items():
        getattr(layer, name).assign(np.asarray(value))
    layer.trainable = original.trainable
