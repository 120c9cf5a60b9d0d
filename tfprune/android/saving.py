"""Measured times of one phone, saved for those who plan with them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from typing import Any

from tfprune import files
from tfprune.android.result import PhoneResult, PhoneRow
from tfprune.errors import FileError, PruneError

FORMAT = 1


def save_profile(result: PhoneResult, path: str | os.PathLike[str]) -> None:
    """Write the time of each model and of each of its ops, and the phone they hold for, as JSON.

    Args:
        result: Of `benchmark_android(..., per_op=True)`.
        path: The file.

    Raises:
        PruneError: the ops were not timed.
        FileError: the file cannot be written.
    """
    if any(row.per_op is None for row in result.rows):
        asked, fix = f"save a profile to {path}", "benchmark_android(..., per_op=True)"
        raise PruneError(asked, "the ops of a model were not timed", fix)
    document = {
        "format": FORMAT,
        "device": result.host,
        "settings": result.settings,
        "models": [_model(row) for row in result.rows],
    }
    files.write_text(path, json.dumps(document, indent=2) + "\n")


def _model(row: PhoneRow) -> dict[str, Any]:
    return {
        "label": row.label,
        "sha256": hashlib.sha256(files.read_bytes(row.path)).hexdigest(),
        "bytes": row.bytes,
        "sparse": row.sparse,
        "delegate": row.delegate,
        "median_ms": row.median_ms,
        "ops": [asdict(op) for op in row.per_op or ()],
    }


def times_in_profile(path: str | os.PathLike[str]) -> dict[str, float]:
    """Return the milliseconds of each model in a saved profile, by the sha256 of its file.

    Raises:
        FileError: the file is missing, or no profile of this format.
    """
    fix = "save it again: tfprune benchmark model.tflite --android --save-profile phone.json"
    try:
        document = json.loads(files.read_bytes(path))
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']!r}, not {FORMAT}")
        times = {str(m["sha256"]): float(m["median_ms"]) for m in document["models"]}
    except FileError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"read the profile {path}", f"it is none: {error!r}", fix) from error
    return times
