"""Unfold composite layers: each becomes a nested model of the layers that its call goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tfprune.errors import PruneError, first_line
from tfprune.graph.clones import Clones
from tfprune.graph.composite import graph_of
from tfprune.graph.replay import replay
from tfprune.graph.sizes import FittingSizes
from tfprune.graph.steps import takes_steps
from tfprune.graph.structure import functional, is_graph, no_graph, nodes_in_order
from tfprune.keras_facts import changes_keras_layer, holds_own_function, is_keras_layer
from tfprune.keras_internals import calls_undone
from tfprune.layer_names import Names
from tfprune.notes import Note


def unfold(model: Any, wanted: Callable[[Any], bool]) -> tuple[Any, tuple[Note, ...]]:
    """Return the model with composite layers replaced by nested models that compute the same.

    A composite calls layers and `keras.ops` in its `call`, as KerasHub's `MBConvBlock` does. Called
    with symbolic tensors the same code leaves a graph, which is rebuilt with copies of its layers.
    Where the graph would not say all that the code does, the composite stays, with a note.

    Args:
        model: A built model, not changed. A subclassed one is a composite itself, always wanted.
        wanted: Whether a layer is to be unfolded; asked of layers that hold layers, or nothing.

    Returns:
        The model itself if nothing is wanted, else one with weights of its own, not compiled; and
        a note for each composite that stays.

    Raises:
        PruneError: the model is not built, it is subclassed and its code leaves no graph, or a
            layer cannot be copied.

    Example:
        >>> class Block(keras.layers.Layer):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.dense = keras.layers.Dense(4, name="inner")
        ...     def call(self, x):
        ...         return x + self.dense(x)
        >>> model = keras.Sequential([keras.Input((4,)), Block(name="block")])
        >>> unfolded, _ = unfold(model, lambda layer: True)
        >>> [layer.name for layer in unfolded.get_layer("block").layers if layer.weights]
        ['inner']
    """
    if isinstance(model, keras.Model) and model.built and not is_graph(model):
        return _unfold_subclassed(model, wanted)
    refused: dict[int, Note] = {}
    names = Names(model)

    def still_wanted(layer: Any) -> bool:
        return id(layer) not in refused and wanted(layer)

    while True:
        unfolding = _Unfolding(still_wanted, refused, names, Clones(model))
        if not unfolding.look(model):
            return model, tuple(refused.values())
        try:
            return unfolding.run(model), (*refused.values(), *unfolding.clones.notes)
        except _StaysError:
            continue


def _unfold_subclassed(model: Any, wanted: Callable[[Any], bool]) -> tuple[Any, tuple[Note, ...]]:
    """Unfold a model that calls the subclassed one, and return what stands in its place."""
    shapes = (model.get_build_config() or {}).get("input_shape")
    if shapes is None or isinstance(shapes, dict):
        raise no_graph(model, "the shapes of its inputs are not those of a tensor or a list")
    try:
        with calls_undone([model]):
            inputs = keras.tree.map_shape_structure(lambda shape: keras.Input(shape[1:]), shapes)
            around = keras.Model(inputs, model(inputs))
            unfolded, notes = unfold(around, lambda layer: layer is model or wanted(layer))
    except PruneError:
        raise
    except Exception as error:  # the model's own code, with any error of its own
        raise no_graph(model, f"its code cannot be followed: {first_line(error)}") from error
    reasons = [note.reason for note in notes if note.subject == model.name]
    if reasons:
        raise no_graph(model, f"its code cannot be followed: {reasons[0]}")
    around_all = f"{model.name}/"
    notes = tuple(Note(n.subject.removeprefix(around_all), n.reason) for n in notes)
    return unfolded.get_layer(model.name), notes


class _StaysError(Exception):
    """A composite was refused: begin again without it."""


class _Unfolding:
    """One attempt; what cannot be unfolded goes into `refused` and ends it."""

    def __init__(
        self,
        wanted: Callable[[Any], bool],
        refused: dict[int, Note],
        names: Names,
        clones: Clones,
    ) -> None:
        self._wanted = wanted
        self._refused = refused
        self._names = names
        self._calls: dict[int, list[Any]] = {}
        self._memo: dict[int, Any] = {}
        self._graphs: list[Any] = []  # alive as long as the ids of their operations count
        self._sizes = FittingSizes()
        self._inside = 0  # how many composites deep
        self.clones = clones

    def look(self, model: Any) -> bool:
        """Remember the calls of composites that are wanted; return whether there are any."""
        for node in nodes_in_order(functional(model)):
            operation = node.operation
            if is_graph(operation):
                self.look(operation)
            elif _is_composite(operation) and self._wanted(operation):
                calls = self._calls.setdefault(id(operation), [])
                calls += [node] if node not in calls else []
        return bool(self._calls)

    def run(self, model: Any) -> Any:
        """Return the model unfolded."""
        several = any(len(node.input_tensors) > 1 for c in self._calls.values() for node in c)
        fresh = replay(model, self._change, call=self._call if several else None, memo=self._memo)
        self.clones.copy_weights()
        return fresh

    def _change(self, operation: Any) -> Any:
        """Return a copy of a layer, and of a composite the nested model."""
        calls = self._calls.get(id(operation))
        if calls is None:
            return self._copy(operation)
        try:
            with graph_of(operation, calls, self._sizes) as graph:
                self._graphs.append(graph)
                self.look(graph)
                self._inside += 1
                model = replay(graph, self._change, call=self._call, memo=self._memo)
                self._inside -= 1
            if _shapes(model) != _shapes(graph):
                raise PruneError(f"copy {operation.name}", "its copy has other weights", "")
            return model
        except _StaysError:
            raise
        except Exception as error:  # Keras' or the layer's own code, with any error of theirs
            reason = error.found if isinstance(error, PruneError) else first_line(error)
            self._refused[id(operation)] = Note(self._names.path_of(operation), reason)
            raise _StaysError from error

    def _copy(self, operation: Any) -> Any:
        copy = self.clones.of(operation)
        if copy is operation and self._inside:
            found = f"{operation.name} inside it cannot be rebuilt from its config"
            raise PruneError(f"copy {operation.name}", found, "")
        return copy

    def _call(self, node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        """Call what stands in the place of a composite with its tensors alone."""
        if id(node.operation) not in self._calls:
            return operation(*args, **kwargs)
        flat = keras.tree.flatten((args, kwargs))
        tensors = [value for value in flat if isinstance(value, keras.KerasTensor)]
        return operation(tensors[0] if len(tensors) == 1 else tensors)


def _shapes(model: Any) -> list[tuple[int, ...]]:
    """Return the shapes of all variables; unfolding a part of a model may change their order."""
    return sorted(tuple(variable.shape) for variable in model.variables)


def _is_composite(operation: Any) -> bool:
    """Whether its code may be looked at: it is somebody's own, not a change of one of Keras'."""
    if isinstance(operation, keras.layers.Lambda) or holds_own_function(operation):
        return True
    if takes_steps(operation):
        return True
    return (
        isinstance(operation, keras.layers.Layer)
        and not isinstance(operation, (keras.layers.Wrapper, keras.layers.RNN))
        and not is_keras_layer(operation)
        and not (changes_keras_layer(operation) and operation.variables)
    )
