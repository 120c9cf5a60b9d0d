"""What is known about a model on its way to the converter: folder, inputs, notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfprune.errors import PruneError
from tfprune.notes import Note


@dataclass(frozen=True)
class Exported:
    """A SavedModel folder that is ready for the converter.

    Args:
        folder: Where it lies.
        inputs: Its inputs in the order the user passes them; each has a name, shape and dtype.
        model: The Keras or tf_keras model inside, None for a SavedModel given as such.
        notes: What had to be changed on the way.
    """

    folder: str
    inputs: tuple[Any, ...]
    model: Any
    notes: tuple[Note, ...] = ()


def with_batch(signature: Any, batch_size: int | None) -> Any:
    """Return specs, nested as `signature`, with `batch_size` where the batch is open.

    Args:
        signature: Anything with a shape and a dtype, nested.
        batch_size: The batch size, None to leave it open.

    Returns:
        `tf.TensorSpec`s whose names are valid in a SavedModel and unique.
    """
    fixed: list[Any] = []
    names: set[str] = set()
    for i, spec in enumerate(tf.nest.flatten(signature)):
        shape = tuple(spec.shape)
        if shape and shape[0] is None:
            shape = (batch_size, *shape[1:])
        name = re.sub(r"\W", "_", getattr(spec, "name", None) or f"input_{i}")
        name = f"{name}_{i}" if name in names else name
        names.add(name)
        fixed.append(tf.TensorSpec(shape, spec.dtype or "float32", name=name))
    return tf.nest.pack_sequence_as(signature, fixed)


def unbuilt(model: Any) -> PruneError:
    """Return the error for a model without weights."""
    return PruneError(
        f"convert the model {model.name!r}",
        "it is not built, so it has no weights yet",
        "call it once on data, or model.build(input_shape), and train it first",
    )
