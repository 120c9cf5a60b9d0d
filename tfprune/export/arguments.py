"""What `convert` can be asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.errors import FileError, PruneError
from tfprune.layer_names import Selectors

QUANTIZE = (None, "float16", "dynamic", "int8", "int16x8", "int4")
_LAYER_BY_LAYER = ("int8", "int4")


def check_path(path: str | os.PathLike[str]) -> None:
    """Raise a FileError unless a .tflite file can be written there."""
    target = Path(path)
    if target.suffix != ".tflite":
        raise FileError(
            f"write {path}", "the name does not end in .tflite", f"use {target.stem}.tflite"
        )
    if not target.parent.is_dir():
        raise FileError(
            f"write {path}",
            f"the folder {target.parent} does not exist",
            f"create it first: mkdir -p {target.parent}",
        )


def check_modes(
    quantize: str | None,
    *,
    sparse: bool | str,
    io_dtype: str,
    batch_size: int | None,
    keep_float: Selectors,
) -> None:
    """Raise a PruneError for values that do not exist or do not go together."""
    if quantize not in QUANTIZE:
        raise PruneError(
            f"convert with quantize={quantize!r}",
            "there is no such quantization",
            f"use one of {', '.join(map(repr, QUANTIZE))}",
        )
    if io_dtype not in ("float32", "int8") or (io_dtype == "int8" and quantize != "int8"):
        raise PruneError(
            f"convert with quantize={quantize!r}, io_dtype={io_dtype!r}",
            "inputs and outputs are float32, or int8 with quantize='int8'",
            "use io_dtype='float32'",
        )
    if sparse not in ("auto", True, False):
        raise PruneError(
            f"convert with sparse={sparse!r}",
            "sparse is 'auto', True or False",
            "use sparse='auto'",
        )
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise PruneError(
            f"convert with batch_size={batch_size!r}",
            "a batch holds at least one sample",
            "use batch_size=1, or None to leave it open",
        )
    if keep_float and quantize not in _LAYER_BY_LAYER:
        raise PruneError(
            f"convert with quantize={quantize!r}, keep_float={keep_float!r}",
            "layers are kept float by name only among int8 or int4 ones",
            "use quantize='int8' or 'int4', or leave keep_float out",
        )


def _nan_in(variable: Any) -> str:
    values = np.asarray(variable)
    count = int(np.isnan(values).sum()) if "float" in values.dtype.name else 0
    name = getattr(variable, "path", variable.name)  # one of tf_keras has no path
    return f"{name} holds {count:,} NaN among its {values.size:,} values" if count else ""


def check_weights(model: Any) -> None:
    """Check that no weight of a Keras model is NaN: no runtime computes anything with that.

    Raises:
        PruneError: which weights are.
    """
    found = list(filter(None, map(_nan_in, getattr(model, "variables", ()))))
    if found:
        more = f", and {len(found) - 1} more weights hold some" if len(found) > 1 else ""
        raise PruneError(
            f"convert {model.name!r}",
            found[0] + more,
            "its training has diverged: take the weights from before, and a lower learning rate",
        )
