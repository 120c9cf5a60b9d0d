"""What a user calls the models that are compared."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfprune.errors import PruneError

PathLike = str | os.PathLike[str]
Models = PathLike | Sequence[PathLike] | Mapping[str, PathLike]


def name_models(models: Models) -> dict[str, str]:
    """Give every path a label: its own, its file's name, or the whole path where names repeat.

    A path given twice is timed twice, and numbered.

    Example:
        >>> name_models(["a/model.tflite", "b/small.tflite"])
        {'model': 'a/model.tflite', 'small': 'b/small.tflite'}
        >>> name_models(["m.tflite", "m.tflite"])
        {'m.tflite': 'm.tflite', 'm.tflite (2)': 'm.tflite'}
    """
    if isinstance(models, Mapping):
        named = {str(label): str(path) for label, path in models.items()}
    else:
        paths = [models] if isinstance(models, (str, os.PathLike)) else list(models)
        stems = [Path(path).stem for path in paths]
        named = {}
        for stem, path in zip(stems, map(str, paths), strict=True):
            label = stem if stems.count(stem) == 1 else path
            times = list(named.values()).count(path)
            named[f"{label} ({times + 1})" if times else label] = path
    if not named:
        raise PruneError("benchmark no models", "the collection is empty", 'benchmark("m.tflite")')
    return named
