"""What a `.keras` file says of how its model was compiled."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras

from tfprune.errors import first_sentence
from tfprune.notes import Note

_WANTED = ("loss", "loss_weights", "metrics", "weighted_metrics")


def settings_in(path: str | os.PathLike[str]) -> tuple[dict[str, Any], list[Note]]:
    """Return the loss and the metrics that a `.keras` file was compiled with, and what is lost.

    Args:
        path: A file that `load_model` has read: its classes are known, and it is whole.

    Returns:
        `loss`, `loss_weights`, `metrics`, `weighted_metrics`, those that are there and can be
        rebuilt; of an `.h5` file nothing.
    """
    if Path(path).suffix != ".keras":
        return {}, []
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json")).get("compile_config") or {}
    found, notes = {}, []
    for name in _WANTED:
        try:
            found[name] = keras.saving.deserialize_keras_object(config.get(name))
        except Exception as error:  # a class of the user's own may raise anything
            reason = f"its {name} cannot be rebuilt: {first_sentence(error)}"
            notes.append(Note(str(path), f"{reason}; give them"))
    return found, notes
