"""Loading and saving the `.keras` files that a user names, with errors they can act on."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path
from typing import Any

import keras

from tfprune import _keras_classes, files
from tfprune.errors import FileError, first_sentence
from tfprune.keras_files.claims import check_claims

_OWN_CLASSES = (
    "if it uses classes of your own, import their module before it is loaded (in the shell: "
    "--import my_layers.py), or load the model yourself and pass it; else check that the file is "
    "whole"
)
_UNSAFE = (
    "it holds Python code (a Lambda) that would run here; only if you trust whoever made it, load "
    "it with keras.saving.load_model(path, safe_mode=False) and pass the model"
)
_HDF5 = b"\x89HDF\r\n\x1a\n"


def load_model(
    path: str | os.PathLike[str], compiled: bool = False, *, trusted: bool = False
) -> Any:
    """Load the Keras model in a `.keras` or `.h5` file, half-trained with masks or plain.

    Args:
        path: The file.
        compiled: Whether it comes compiled as it was saved; a loss of the user's own must be known.
        trusted: Whether Python code in it (a Lambda) may run: it is a file that tfprune has saved.

    Raises:
        FileError: there is no such file, or Keras cannot read it.
    """
    path = Path(path)
    if path.is_dir() or not path.exists():
        found = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileError(f"load {path}", found, "pass a .keras file: model.save('model.keras')")
    files.check_regular(path, f"load {path}")
    if path.suffix not in {".keras", ".h5"}:
        raise FileError(
            f"load {path}",
            f"a {path.suffix or 'nameless'} file holds no Keras model",
            "pass a .keras file: model.save('model.keras')",
        )
    _check_whole(path)
    try:
        _keras_classes.know()
        check_claims(path)
        return keras.saving.load_model(path, compile=compiled, safe_mode=not trusted)
    except FileError:
        raise
    # Keras raises whatever its zip, JSON and HDF5 readers raise, a registered class what it likes.
    except (Exception, SystemExit) as error:
        cause = _cause(error)
        unsafe = "unsafe" in str(cause) or "safe_mode" in str(cause)
        found = f"Keras cannot read it: {first_sentence(cause)}"
        raise FileError(f"load {path}", found, _UNSAFE if unsafe else _OWN_CLASSES) from error


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
    elif _start(path) != _HDF5:
        found = "it is something else than a Keras model: no HDF5 file"
    if found is not None:
        raise FileError(f"load {path}", found, "save it again: model.save('model.keras')")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_HDF5))


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
    if time.localtime().tm_year < 1980:
        found = f"this machine's clock says {time.localtime().tm_year}; zip files begin in 1980"
        raise FileError(f"save to {path}", found, "set the clock")
    with files.replacing(path) as temporary:
        model.save(temporary)
