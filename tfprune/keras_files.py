"""Loading and saving the `.keras` files that a user names, with errors they can act on."""

from __future__ import annotations

import importlib
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import keras

from tfprune import files
from tfprune.errors import FileError, first_line


def load_model(path: str | os.PathLike[str]) -> Any:
    """Load the Keras model in a `.keras` or `.h5` file, half-trained with masks or plain.

    Args:
        path: The file.

    Raises:
        FileError: there is no such file, or Keras cannot read it.
    """
    path = Path(path)
    if not path.is_file():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileError(f"load {path}", found, "pass a .keras file: model.save('model.keras')")
    if path.suffix not in {".keras", ".h5"}:
        raise FileError(
            f"load {path}",
            f"a {path.suffix or 'nameless'} file holds no Keras model",
            "pass a .keras file: model.save('model.keras')",
        )
    try:
        _import_own_classes(path)
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its zip, JSON and HDF5 readers raise
        raise FileError(
            f"load {path}",
            f"Keras cannot read it: {first_line(error)}",
            "check that it is whole; with custom layers load it yourself and pass the model",
        ) from error


def save_model(model: Any, path: str | os.PathLike[str]) -> None:
    """Save a Keras model; an interruption leaves what was there.

    Args:
        model: A Keras model.
        path: A `.keras` file.

    Raises:
        FileError: it is not named `.keras`, or cannot be written.
    """
    if Path(path).suffix != ".keras":
        raise FileError(f"save to {path}", "it is no .keras file", f"name it {path}.keras")
    with files.replacing(path) as temporary:
        model.save(temporary)


def _import_own_classes(path: Path) -> None:
    """Import the modules of tfprune that the file names, so that Keras knows their classes."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json").decode()
        for module in sorted(set(re.findall(r'"module": "(tfprune\.[\w.]+)"', config))):
            importlib.import_module(module)
