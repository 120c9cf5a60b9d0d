"""Making the layers in a user's own Python file known to Keras."""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path

import keras

from tfprune import files
from tfprune.errors import FileError, first_line


def import_layers(path: str | os.PathLike[str]) -> None:
    """Run a Python file and make its classes and functions known to Keras by their names.

    Args:
        path: A `.py` file; what it imports from its own folder is found. Classes that it registers
            itself are known by the names they register.

    Raises:
        FileError: there is no such file, or its code fails.
    """
    path = Path(path).resolve()
    files.check_regular(path, f"import {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileError(f"import {path}", "it is no Python file", "name a .py file with the layers")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's own code raises
        found = f"{type(error).__name__}: {first_line(error)}"
        raise FileError(f"import {path}", found, "mend the file, or name another") from error
    known = keras.saving.get_custom_objects()
    for name, value in vars(module).items():
        own = isinstance(value, (type, types.FunctionType)) and value.__module__ == path.stem
        if own and not name.startswith("_"):
            known[name] = value
