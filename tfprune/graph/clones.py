"""Clones: fresh copies of layers and operations, and what must be copied into them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import keras
import tensorflow as tf

from tfprune import files
from tfprune.errors import PruneError, first_line, first_sentence
from tfprune.graph.alike import compare, may_forget, other_weights, same_weights
from tfprune.graph.values import tensor_of
from tfprune.keras_facts import has_methods, package_of
from tfprune.keras_internals import (
    given_output_shape,
    layers_of,
    own_trainable,
    set_own_trainable,
    uncalled,
)
from tfprune.layer_names import Names
from tfprune.notes import Note


class Clones:
    """Fresh copies of layers and operations, with what the originals have learned.

    A layer that cannot be rebuilt from its configuration is used as it is; `notes` says which.
    While a copy is built it creates its own variables with their final values: to draw random
    weights and to overwrite them would take two thirds of the time of a copy. `copy_weights` adds
    what is left, the variables of layers inside layers above all.

    Args:
        model: The model that the originals stand in; notes and errors call them by their paths.
        read: Maps a variable of an original to the array or tensor to be stored in its copy.
    """

    def __init__(self, model: Any, read: Callable[[Any], Any] = tensor_of) -> None:
        self._model = model
        self._read = read
        self._pairs: list[_Pair] = []
        self._compared: list[tuple[Any, Any, Sequence[Any] | None]] = []
        self._created: dict[int, Any] = {}  # id of an original's variable → its finished copy
        self.notes: list[Note] = []

    @cached_property
    def _names(self) -> Names:
        return Names(self._model)  # most copies have nothing to say

    def of(self, layer: Any, config: dict[str, Any] | None = None) -> Any:
        """Return a fresh copy of a layer or operation, of another config if one is given.

        `copy_weights` completes it.
        """
        if not isinstance(layer, keras.layers.Layer):
            return uncalled(layer)
        try:
            copy = clone_layer(layer) if config is None else type(layer).from_config(config)
        except Exception as error:
            found = f"it cannot be rebuilt from its config: {first_sentence(error)}"
            path = self._names.path_of(layer)
            self.notes.append(Note(path, f"shared with the original model, {found}"))
            return layer
        self.pair(layer, copy)
        if config is None:
            if copy.name != layer.name:  # a config that Keras made by itself may leave it out
                copy.name = layer.name
            self.compare(layer, copy)
        return copy

    def compare(self, layer: Any, copy: Any, variables: Sequence[Any] | None = None) -> None:
        """Let `copy_weights` check that the copy computes what the layer does.

        Layers of Keras itself are taken at their word.

        Args:
            layer: The user's layer.
            copy: Its copy, or another rebuilt from the same config.
            variables: Those of the layer's that the copy has; None for all.
        """
        if may_forget(layer):
            self._compared.append((layer, copy, variables))

    def check_config(self, layer: Any) -> None:
        """Let `copy_weights` check that the config of a layer, copied in another size, tells all.

        A layer that is rebuilt from its config as it is must compute what it computes now.
        """
        if may_forget(layer):
            self.compare(layer, clone_layer(layer))

    def pair(
        self,
        original: Any,
        copy: Any,
        variables: Sequence[Any] | None = None,
        layers: Sequence[Any] | None = None,
    ) -> None:
        """Remember that `copy` is to get what `original` has learned and its trainable flags.

        Args:
            original: A layer or model.
            copy: What was made of its config, not built yet.
            variables: Those of the original's that the copy has; None for all.
            layers: Those of the original's layers, itself among them, that the copy has.
        """
        variables = original.variables if variables is None else variables
        layers = layers_of(original) if layers is None else layers
        self._pairs.append(_Pair(original, variables, layers, copy))
        names = [variable.name for variable in variables]
        sources = {v.name: v for v in variables if names.count(v.name) == 1}

        def add_weight(*args: Any, **kwargs: Any) -> Any:
            source = sources.get(kwargs.get("name"))
            if source is None or len(args) > 1:
                return type(copy).add_weight(copy, *args, **kwargs)
            # A wrapper may build its layer while its own call is traced.
            with nullcontext() if tf.executing_eagerly() else tf.init_scope():
                value = tf.convert_to_tensor(self._read(source))
            variable = type(copy).add_weight(
                copy, *args, **{**kwargs, "initializer": _to_be(value)}
            )
            if tuple(variable.shape) == tuple(value.shape):
                self._created[id(source)] = variable
            return variable

        vars(copy)["add_weight"] = add_weight  # Keras calls self.add_weight in build

    def copy_weights(self) -> None:
        """Copy what the copies, built by now, have not got yet.

        Raises:
            PruneError: a copy has other weights than its original, so that its config does not
                say all (LoRA was enabled on a layer inside it, for one); it computes something
                else; or what it was adapted to cannot be copied.
        """
        for original, variables, layers, copy in self._pairs:
            vars(copy).pop("add_weight", None)
            left = [
                (self._read(source), target)
                for source, target in zip(variables, copy.variables, strict=False)
                if self._created.get(id(source)) is not target
            ]
            if not same_weights(len(variables), copy, left):
                raise other_weights(self._names.path_of(original))
            for value, target in left:
                target.assign(value)
            for old, new in zip(layers, layers_of(copy), strict=True):
                if new is not copy and new.name != old.name:
                    new.name = old.name  # numbered by Keras where the user gave it none
                self._copy_adapted(old, new)
                if own_trainable(old) != own_trainable(new):
                    set_own_trainable(new, own_trainable(old))
            for old, new in zip(variables, copy.variables, strict=True):
                new.trainable = old.trainable
        for layer, copy, some in self._compared:
            some = list(layer.variables if some is None else some)
            note = compare(layer, copy, some, self._names.path_of(layer))
            self.notes += [] if note is None else [note]

    def _copy_adapted(self, old: Any, new: Any) -> None:
        """Copy what `adapt` has learned: a vocabulary is no variable, statistics are read once."""
        if isinstance(new, keras.layers.Normalization):
            new.finalize_state()
        elif has_methods(old, SavesAssets):
            try:
                _through_files(old, new)
            except Exception as error:  # Keras 3.12 saves no adapted tf-idf weights
                raise PruneError(
                    f"copy what {self._names.path_of(old)!r} was adapted to",
                    f"it cannot be saved and loaded: {first_line(error)}",
                    "apply it to the data, outside the model",
                ) from error


class _Pair(NamedTuple):
    """What a copy is to get: the variables of some layers, flags, and what they were adapted to."""

    original: Any
    variables: Sequence[Any]
    layers: Sequence[Any]
    copy: Any


def clone_layer(layer: Any) -> Any:
    """Return a layer of the same class and configuration, with weights of its own.

    Raises:
        Exception: whatever the layer's `get_config` or `from_config` raises.
    """
    if isinstance(layer, keras.layers.Lambda):
        return _clone_lambda(layer)
    if type(layer) is keras.layers.Identity:  # its config fails where it was given a policy object
        return keras.layers.Identity(name=layer.name, dtype=layer.dtype_policy.name)
    config = layer.get_config()
    return type(layer).from_config({**config, **own_functions(layer, config)})


def own_functions(layer: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the functions of a layer that its config only names, and Keras may not know."""
    values = {key: getattr(layer, key, None) for key in config}
    return {
        key: value
        for key, value in values.items()
        if inspect.isfunction(value) and package_of(value) != "keras"
    }


def _clone_lambda(layer: Any) -> Any:
    return keras.layers.Lambda(
        layer.function,
        output_shape=given_output_shape(layer),
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
        trainable=layer.trainable,
    )


def _to_be(value: Any) -> Callable[..., Any]:
    """Return an initializer that gives a value; zeros of another shape, to be found out later."""

    def initializer(shape: Any, dtype: Any = None) -> Any:
        if tuple(shape) != tuple(value.shape):
            return keras.ops.zeros(shape, dtype)
        return keras.ops.convert_to_tensor(value, dtype)

    return initializer


@runtime_checkable
class SavesAssets(Protocol):
    """A layer with state in files, as Keras saves it: a vocabulary, for one."""

    def save_assets(self, dir_path: str) -> None:
        """Write the files."""


def _through_files(old: Any, new: Any) -> None:
    """Copy the state of a layer as Keras saves and loads it."""
    store: dict[str, Any] = {}
    old.save_own_variables(store)
    new.load_own_variables(store)
    with files.temporary_folder() as folder:
        old.save_assets(str(folder))
        new.load_assets(str(folder))
