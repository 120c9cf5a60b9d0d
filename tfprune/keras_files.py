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
from tfprune.errors import FileError, first_sentence

_HDF5 = b"\x89HDF\r\n\x1a\n"


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
    _check_whole(path)
    try:
        _import_own_classes(path)
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its zip, JSON and HDF5 readers raise
        raise FileError(
            f"load {path}",
            f"Keras cannot read it: {first_sentence(_cause(error))}",
            "if it uses classes of your own, import their module before it is loaded, or load the "
            "model yourself and pass it; else check that the file is whole",
        ) from error


def _check_whole(path: Path) -> None:
    """Raise FileError for what Keras would call "not found": an empty, cut off or foreign file."""
    found = None
    if path.stat().st_size == 0:
        found = "the file is empty"
    elif path.suffix == ".keras" and not zipfile.is_zipfile(path):
        found = "the file is cut off, or something else than a Keras model: it is no zip archive"
    elif path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            if "config.json" not in archive.namelist():
                found = "it is a zip archive of something else: it holds no config.json"
    elif path.read_bytes()[: len(_HDF5)] != _HDF5:
        found = "it is something else than a Keras model: no HDF5 file"
    if found is not None:
        raise FileError(f"load {path}", found, "save it again: model.save('model.keras')")


def _cause(error: BaseException) -> Exception:
    """Return the error that Keras met first, in which it names the class it does not know."""
    while error.__context__ is not None:
        error = error.__context__
    return error if isinstance(error, Exception) else RuntimeError(str(error))


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
