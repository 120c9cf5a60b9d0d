"""Cut a vocabulary: an Embedding without the rows of words that the data never uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.data import Batch, Batches, Input, Wanted
from tfprune.errors import PruneError, near
from tfprune.graph import (
    Clones,
    check_built,
    compiled_as,
    inputs_of,
    packed,
    replay,
    tensor_of,
    values_of,
)
from tfprune.keras_internals import layers_of

Array = NDArray[Any]
_SAME = 1e-4
"""The largest difference of outputs that rounding makes, as a share of the largest output."""


@dataclass(frozen=True, eq=False)
class CutVocabulary:
    """A model with a shorter table of words, and the way from old ids to new ones.

    Args:
        model: The smaller model.
        kept: (words left,), int64: the old id of each new one, ascending.
        rows: How many there were.
        unknown: The old id that stands for words that went; None if none does.
    """

    model: Any
    kept: Array
    rows: int
    unknown: int | None = None

    def ids(self, old: Any) -> Array:
        """Return new ids for old ones, of the same shape and type.

        Raises:
            PruneError: a word went, and no id stands for unknown ones; or it never was.
        """
        old = np.asarray(old)
        if old.size and (old.min() < 0 or old.max() >= self.rows):
            found = f"ids from {old.min()} to {old.max()}"
            raise PruneError("give new ids", found, f"ids are 0 to {self.rows - 1}")
        new = np.full(self.rows, -1)
        new[self.kept] = np.arange(len(self.kept))
        if self.unknown is not None:
            new[new < 0] = new[self.unknown]
        found = new[old]
        if (found < 0).any():
            gone = ", ".join(map(str, np.unique(old[found < 0])[:5]))
            fix = "cut with unknown=, the id of the word for unknown ones, or keep= these"
            raise PruneError("give new ids", f"words that were cut: {gone}", fix)
        return found.astype(old.dtype)

    def words(self, old: Sequence[str]) -> list[str]:
        """Return the lines of the new vocabulary, one for each row, out of those of the old.

        Raises:
            PruneError: there are not as many as the table had rows.
        """
        if len(old) != self.rows:
            found = f"{len(old)} words for a table of {self.rows} rows"
            raise PruneError("cut a vocabulary", found, "pass all words, in the order of their ids")
        return [old[i] for i in self.kept]


def cut_vocabulary(
    model: Any,
    data: Any,
    *,
    layer: str | None = None,
    at_least: int = 1,
    keep: Any = (),
    unknown: int | None = None,
) -> CutVocabulary:
    """Return the model without the rows of an Embedding whose ids the data does not use.

    In small language models most of the file is the table of words, and one task uses a few
    thousand of them. What stays computes what it did; nothing has to be trained. An app must
    number words by the new vocabulary: `words` gives its lines, `ids` turns old ids into new.
    Id 0 stays 0, as it mostly means padding.

    Args:
        model: A built Functional or Sequential model that takes ids; not changed.
        data: Ids, in any form that `fit` takes, or a path: all of them are read.
        layer: The Embedding's name, where several read inputs.
        at_least: How often the data must use an id. Above 1 rare words go, too, and `unknown` must
            say what stands for them.
        keep: Old ids that stay though the data lacks them: special words, single letters.
        unknown: The old id of the word for unknown ones ("[UNK]"), which stays, too.

    Raises:
        PruneError: no Embedding reads an input of the model, LoRA is enabled on it, the data is
            unfit, an id is outside the table, or the model computes something else afterwards:
            ids are used for more than to look words up.

    Example:
        >>> ids = keras.Input((2,), dtype="int32")
        >>> model = keras.Model(ids, keras.layers.Embedding(1000, 4, name="words")(ids))
        >>> cut = cut_vocabulary(model, np.array([[5, 7], [7, 0]], "int32"), unknown=1)
        >>> cut.kept.tolist(), cut.model.get_layer("words").input_dim
        ([0, 1, 5, 7], 4)
        >>> cut.ids([[7, 5, 999]]).tolist()
        [[3, 2, 1]]
    """
    check_built(model, "cut the vocabulary of a")
    specs = _looked_up(model, layer)
    table = next(own for own in layers_of(model) if own.name == specs[0].table)
    asked = f"cut the vocabulary of {table.name!r}"
    if at_least < 1 or (at_least > 1 and unknown is None):
        found = f"at_least={at_least}, unknown={unknown}"
        raise PruneError(asked, found, "at_least is 1 or, with unknown=, more")
    kept, first = _used(model, data, specs, asked, at_least)
    more = np.atleast_1d(np.asarray(keep, np.int64))
    kept = np.union1d(kept, np.union1d(more, [0] if unknown is None else [0, unknown]))
    if kept[0] < 0 or kept[-1] >= table.input_dim:
        found = f"ids from {kept[0]} to {kept[-1]}, and a table of {table.input_dim} rows"
        raise PruneError(asked, found, "look at keep= and unknown=")
    cut = CutVocabulary(_with_rows(model, table, kept), kept, table.input_dim, unknown)
    _check_same(model, cut, first, [spec.name for spec in specs], asked)
    return cut


def _looked_up(model: Any, layer: str | None) -> list[Input]:
    """Return the inputs whose ids one Embedding looks up."""
    specs = [spec for spec in inputs_of(model) or () if spec.rows is not None]
    tables = sorted({spec.table for spec in specs})
    asked = "cut a vocabulary" if layer is None else f"cut the vocabulary of {layer!r}"
    if not tables:
        fix = "the model's input must be ids; take masks and clusters off first"
        raise PruneError(asked, "no Embedding reads an input of the model", fix)
    if layer is None and len(tables) > 1:
        found = f"several tables read inputs: {', '.join(tables)}"
        raise PruneError(asked, found, f"name one: layer={tables[0]!r}")
    if layer is not None and layer not in tables:
        raise PruneError(asked, "no Embedding of this name reads an input", near(layer, tables))
    return [spec for spec in specs if spec.table == (layer or tables[0])]


def _used(
    model: Any, data: Any, specs: list[Input], asked: str, at_least: int
) -> tuple[Array, Batch]:
    """Return the ids that the data uses so often, sorted, and its first batch."""
    uses: Array = np.zeros(specs[0].rows or 0, np.int64)
    first = None
    for batch in Batches(data, Wanted(asked=asked, inputs=inputs_of(model))):
        first = first or batch
        for spec in specs:
            uses += np.bincount(batch.inputs[spec.name].ravel(), minlength=len(uses))
    assert first is not None  # no data is an error of its own
    return np.flatnonzero(uses >= at_least), first


def _with_rows(model: Any, table: Any, kept: Array) -> Any:
    """Return the model with these rows of a table alone."""

    def read(variable: Any) -> Any:
        if variable is table.variables[0]:
            return tf.convert_to_tensor(values_of(variable)[kept])
        return tensor_of(variable)

    clones = Clones(model, read)

    def change(layer: Any) -> Any:
        if layer is not table:
            return clones.of(layer)
        return clones.of(layer, {**layer.get_config(), "input_dim": len(kept)})

    small = replay(model, change)
    clones.copy_weights()
    return compiled_as(small, model)


def _check_same(model: Any, cut: CutVocabulary, batch: Batch, ids: list[str], asked: str) -> None:
    """Refuse a model that uses ids for more than to look words up, or to tell padding."""
    new = {k: cut.ids(v) if k in ids else v for k, v in batch.inputs.items()}
    old = {k: cut.kept[v] if k in ids else v for k, v in new.items()}  # rare words: unknown
    pairs = zip(
        keras.tree.flatten(model(packed(model, old), training=False)),
        keras.tree.flatten(cut.model(packed(cut.model, new), training=False)),
        strict=True,
    )
    for wanted, found in (map(keras.ops.convert_to_numpy, pair) for pair in pairs):
        largest = np.max(np.abs(wanted), initial=0)
        if np.max(np.abs(wanted - found), initial=0) > _SAME * largest:
            raise PruneError(
                asked,
                "the model says something else afterwards: it uses ids for more than to look up",
                "compare with 0 alone within the model, and do the rest outside of it",
            )
