"""Models that are not Keras 3: tf_keras models (tfmot's too) and SavedModel folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from tfprune.errors import FileError, PruneError, first_line
from tfprune.export.specs import Exported, unbuilt, with_batch
from tfprune.linking.tf_keras_models import without_wrappers


def from_tf_keras(
    model: Any, folder: str, batch_size: int | None, input_signature: Any
) -> Exported:
    """Write a tf_keras model as a SavedModel; tfmot's pruning wrappers are stripped first."""
    if not model.built:
        raise unbuilt(model)
    model = without_wrappers(model)
    signature = _model_specs(model) if input_signature is None else input_signature
    specs = with_batch(signature, batch_size)
    flat = tf.nest.flatten(specs)

    def serve(*args: Any) -> dict[str, Any]:
        outputs = model(tf.nest.pack_sequence_as(specs, args), training=False)
        return {f"output_{i}": output for i, output in enumerate(tf.nest.flatten(outputs))}

    _save(model, serve, flat, folder)
    return Exported(folder, tuple(flat), model)


def from_saved_model(path: Path, folder: str, batch_size: int | None) -> Exported:
    """Write a copy of a SavedModel whose `serving_default` has a fixed batch size.

    Raises:
        FileError: the folder holds no SavedModel, or one without that signature.
    """
    if not (path / "saved_model.pb").is_file():
        raise FileError(
            f"convert the folder {path}",
            "it holds no saved_model.pb, so it is no SavedModel",
            "write one with model.export(folder), or pass a .keras file",
        )
    try:
        loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["serving_default"]
    except Exception as error:
        raise FileError(
            f"convert the folder {path}",
            f"TensorFlow can't load its serving_default: {first_line(error)}",
            "write it again with model.export(folder)",
        ) from error
    inputs = signature.structured_input_signature[1]
    names = sorted(inputs)
    named = [tf.TensorSpec(inputs[n].shape, inputs[n].dtype, name=n) for n in names]
    specs = with_batch(named, batch_size)

    def serve(*args: Any) -> Any:
        return signature(**dict(zip(names, args, strict=True)))

    _save(loaded, serve, specs, folder)
    return Exported(folder, tuple(specs), None)


def _save(owner: Any, serve: Any, specs: list[Any], folder: str) -> None:
    """Save one function of `owner` as `serving_default`; `owner` holds its variables."""
    module = tf.Module()
    module.owner = owner
    tf.saved_model.save(module, folder, signatures=tf.function(serve, input_signature=specs))


def _model_specs(model: Any) -> Any:
    if not getattr(model, "inputs", None):
        raise PruneError(
            f"convert the tf_keras model {model.name!r}",
            "a subclassed model does not know its inputs",
            "pass input_signature=tf.TensorSpec((1, ...), 'float32')",
        )
    names = iter(model.input_names)
    return tf.nest.map_structure(
        lambda t: tf.TensorSpec(t.shape, t.dtype, name=next(names)), model.input
    )
