"""A path a user names → the data in it, in a form that `fit` takes."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfprune.data.wanted import Wanted
from tfprune.errors import FileError, first_line
from tfprune.files import check_regular
from tfprune.files.arrays import read_npy, read_npz
from tfprune.notes import Note

FORMS = (
    "a .npy file; an .npz file with x, y and sample_weight or the names of the model's inputs and "
    "outputs; a .csv file; a folder with a folder of images for each class; a saved tf.data "
    "folder; or my_module:function"
)
"""What a path may be, for help texts."""


def read_path(path: str, wanted: Wanted, notes: list[Note]) -> Any:
    """Return the data that a path names.

    Args:
        path: One of `FORMS`; `my_module:function` is imported from the current folder, too, and
            called without arguments.
        wanted: What it is for: names of inputs and outputs tell inputs from targets.
        notes: What is to be said of it is added here.

    Raises:
        FileError: there is no such file, or it holds no data of that form.
        PruneError: the data in it is not what the model takes.
    """
    place = Path(path)
    if place.is_dir():
        from tfprune.data.folders import read_folder

        return read_folder(place, wanted, notes)
    if place.is_file():
        return _file(place, wanted)
    if re.fullmatch(r"[\w.]+:\w+", path):
        fix = "name a function without arguments in a module that Python can import from here"
        return imported(path, f"read data from {path}", fix)
    raise FileError(f"read data from {path}", "there is no such file or folder", f"pass {FORMS}")


def _file(path: Path, wanted: Wanted) -> Any:
    if path.suffix == ".csv":
        from tfprune.data.tables import read_csv

        return read_csv(path, wanted)
    if path.suffix == ".npz":
        return told_apart(read_npz(path, f"pass {FORMS}"), wanted)
    size = check_regular(path)
    try:
        with path.open("rb") as file:
            return read_npy(file, size)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, f"it is no .npy file: {first_line(error)}") from error


def _unreadable(path: Path, found: str) -> FileError:
    """Return the error for a file that is there and holds no data."""
    return FileError(f"read data from {path}", found, f"pass {FORMS}")


def told_apart(arrays: Mapping[str, Any], wanted: Wanted) -> Any:
    """Return named arrays as inputs, or as (inputs, targets, sample weights).

    Example:
        >>> from tfprune.data.wanted import Input
        >>> image = Input(name="image", shape=(None, 2))
        >>> wanted = Wanted(asked="score", inputs=(image,), outputs=("label",))
        >>> told_apart({"label": 1, "image": 2}, wanted)
        ({'image': 2}, 1, None)
        >>> told_apart({"x": 1, "y": 2, "sample_weight": 3}, wanted)
        (1, 2, 3)
    """
    unnamed = [f"arr_{i}" for i in range(len(arrays))]  # what np.savez calls arrays without names
    if set(arrays) == set(unnamed):
        return [arrays[name] for name in unnamed]
    rest = dict(arrays)
    weights = rest.pop("sample_weight", None)
    outputs = {name: rest.pop(name) for name in wanted.outputs if name in rest}
    targets: Any = outputs or None
    if len(wanted.outputs) == 1 and outputs:
        (targets,) = outputs.values()
    known = {name for spec in wanted.inputs or () for name in (spec.name, *spec.aliases)}
    if targets is None and "y" not in known:
        targets = rest.pop("y", None)
    inputs = rest["x"] if set(rest) == {"x"} else rest
    return inputs if targets is None and weights is None else (inputs, targets, weights)


def imported(name: str, asked: str, fix: str) -> Any:
    """Return what `my_module:name` names, imported from the current folder, too.

    Raises:
        FileError: whatever the module's own code raised, or it has no such name.
    """
    module, own = name.split(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), own)
    except Exception as error:
        raise FileError(asked, f"{type(error).__name__}: {first_line(error)}", fix) from error
