"""Folders: images by class, and what `tf.data.Dataset.save` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfprune.data.wanted import Wanted
from tfprune.errors import FileError, PruneError, first_line
from tfprune.notes import Note

_SPEC = "dataset_spec.pb"
_IMAGES = {".bmp", ".gif", ".jpeg", ".jpg", ".png"}  # what image_dataset_from_directory reads
_VALUES = (
    "from 0 to 255; a model that was trained on others needs them preprocessed: my_module:function"
)
_COLOURS = {1: "grayscale", 3: "rgb", 4: "rgba"}


def read_folder(path: Path, wanted: Wanted, notes: list[Note]) -> Any:
    """Return a `tf.data.Dataset` of a folder.

    Images come in the order of their class and name, resized to the model's input, with values
    from 0 to 255 as `keras.utils.image_dataset_from_directory` gives them; the number of the
    class is the target. A model that takes other values needs data that is preprocessed.

    Raises:
        FileError: it holds neither, or cannot be read.
        PruneError: the model takes no images.
    """
    if (path / _SPEC).is_file():
        return _saved(path)
    folders = [own for own in path.iterdir() if own.is_dir()]
    if not any(file.suffix.lower() in _IMAGES for own in folders for file in own.iterdir()):
        from tfprune.data.paths import FORMS

        found = "it holds neither folders of images nor a saved tf.data.Dataset"
        raise FileError(f"read data from the folder {path}", found, f"pass {FORMS}")
    images, size = _images(path, wanted)
    notes.append(Note("data", f"images resized to {size}, with values {_VALUES}"))
    return images


def _saved(path: Path) -> Any:
    import tensorflow as tf

    try:
        return tf.data.Dataset.load(str(path))
    except Exception as error:
        found = f"TensorFlow cannot load it: {first_line(error)}"
        raise FileError(
            f"read data from {path}", found, "save it again: dataset.save(path)"
        ) from error


def _images(path: Path, wanted: Wanted) -> tuple[Any, str]:
    import keras

    height, width, channels = _size(path, wanted)
    try:
        images = keras.utils.image_dataset_from_directory(
            str(path),
            label_mode="int",
            color_mode=_COLOURS[channels],
            batch_size=wanted.fixed_size or wanted.batch_size,
            image_size=(height, width),
            shuffle=False,
            verbose=False,
        )
    except Exception as error:
        found = f"its images cannot be read: {first_line(error)}"
        fix = "keep only images in it, in a folder for each class"
        raise FileError(f"read data from {path}", found, fix) from error
    return images, f"{height}x{width}"


def _size(path: Path, wanted: Wanted) -> tuple[int, int, int]:
    shape = wanted.inputs[0].shape[1:] if wanted.inputs and wanted.single else ()
    height, width, channels = shape if len(shape) == 3 else (None, None, None)
    if height is None or width is None or channels not in _COLOURS:
        shapes = [tuple(spec.shape) for spec in wanted.inputs or ()]
        raise PruneError(
            f"{wanted.asked} with the folder {path}",
            f"images need one input (height, width, 1, 3 or 4 channels), the model takes {shapes}",
            "pass the images as arrays: a .npy file or my_module:function",
        )
    return height, width, channels
