"""A user's training data: for `fit`, as a few samples, and as a word that tells it apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.data import Batch, Batches, Wanted
from tfprune.data.drawing import drawn
from tfprune.data.naming import joined
from tfprune.data.nested import ArrayLike
from tfprune.graph import inputs_of, outputs_of, packed
from tfprune.runs import digest, source_of


def wanted_of(model: Any, asked: str, batch_size: int = 32, rows: int | None = None) -> Wanted:
    """Return what a model takes, in words that data can be held against."""
    return Wanted(
        asked=asked,
        inputs=inputs_of(model),
        outputs=outputs_of(model),
        batch_size=batch_size,
        rows=rows,
    )


def fit_arguments(data: Any, model: Any, batch_size: int) -> dict[str, Any]:
    """Return what `model.fit` is to be called with.

    Arrays, `tf.data` and `PyDataset` stay as they are, the shuffling of the last two is the user's;
    all else (paths, lists of batches, functions) is read into memory once, so that `fit` shuffles
    it: images in a folder come sorted by class.

    Raises:
        PruneError: the data is empty, unfit, or has NaN in it.
    """
    if isinstance(data, tf.data.Dataset):
        return {"x": _batched(data, model, batch_size), "shuffle": False}
    if isinstance(data, keras.utils.PyDataset):
        return {"x": data}
    if isinstance(data, tuple) and 2 <= len(data) <= 3:
        x, y, weights = (*data, None)[:3]
    else:
        x, y, weights = _in_memory(data, model, batch_size)
    return {"x": x, "y": y, "sample_weight": weights, "batch_size": batch_size, "shuffle": True}


def _batched(data: tf.data.Dataset, model: Any, batch_size: int) -> tf.data.Dataset:
    """Put single samples together: those that have one axis less than the model's input."""
    spec = data.element_spec[0] if isinstance(data.element_spec, tuple) else data.element_spec
    first, own = keras.tree.flatten(spec)[0], keras.tree.flatten(model.inputs)[0]
    return data.batch(batch_size) if len(first.shape) == len(own.shape) - 1 else data


def _in_memory(data: Any, model: Any, batch_size: int) -> tuple[Any, Any, Any]:
    rows = joined(list(Batches(data, wanted_of(model, f"train {model.name!r}", batch_size))))
    return packed(model, rows.inputs), rows.targets, rows.weights


def samples_of(data: Any, model: Any, count: int, seed: int, asked: str) -> tuple[Batch, int]:
    """Return some samples drawn from all of the data, and how many there are.

    Every sample has the same chance, so that data sorted by class gives samples of all classes.

    Raises:
        PruneError: the data is empty, unfit, or has NaN in it.
    """
    return drawn(Batches(data, wanted_of(model, asked)), count, seed)


def save_samples(batch: Batch, path: Path) -> None:
    """Write samples as one `.npz` file that `load_samples` reads."""
    arrays = {f"x/{name}": array for name, array in batch.inputs.items()}
    for part, tree in (("y", batch.targets), ("w", batch.weights)):
        named = {"": tree} if not isinstance(tree, (Mapping, list, tuple)) else _named(tree)
        arrays.update({f"{part}/{name}": a for name, a in named.items() if a is not None})
    np.savez(path, allow_pickle=False, **arrays)


def load_samples(path: Path, model: Any) -> tuple[Any, Any, Any]:
    """Return samples as `fit` takes them: inputs as the model has them, targets, weights."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("x/")}
    return packed(model, inputs_of_samples(path)), _tree(arrays, "y/"), _tree(arrays, "w/")


def inputs_of_samples(path: Path) -> dict[str, Any]:
    """Return the inputs of samples by name."""
    with np.load(path) as file:
        return {name[2:]: file[name] for name in file.files if name.startswith("x/")}


def _named(tree: Any) -> dict[str, Any]:
    return dict(tree) if isinstance(tree, Mapping) else {f"#{i}": a for i, a in enumerate(tree)}


def _tree(arrays: Mapping[str, Any], part: str) -> Any:
    found = {name[2:]: array for name, array in arrays.items() if name.startswith(part)}
    if not found or set(found) == {""}:
        return found.get("")
    return list(found.values()) if all(name[0] == "#" for name in found) else found


def word_for(data: Any) -> str:
    """Return a word that changes with the data: by content for arrays, files and folders.

    A dataset, a generator or a function is told apart by its shapes, its length and its code
    alone, since reading it may take long and need not give the same twice.
    """
    if isinstance(data, (str, Path)):
        path = Path(data)
        return digest(path if path.exists() else str(data))
    if isinstance(data, tf.data.Dataset):
        return digest(["tf.data", str(data.element_spec), int(data.cardinality())])
    if isinstance(data, keras.utils.PyDataset):
        return digest(["PyDataset", source_of(type(data)), data.num_batches])
    if callable(data) and not isinstance(data, (Iterable, ArrayLike)):
        return digest(["function", source_of(data)])
    try:
        return digest(keras.tree.map_structure(np.asarray, data))
    except (TypeError, ValueError):
        return digest(["iterable", type(data).__qualname__])
