"""The files of inputs that a runner reads, and the arrays in its answer."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfprune.errors import PruneError


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Put arrays into one file as docs/android.md describes it.

    Example:
        >>> pack({"x": np.array([1], np.uint8)})
        b'\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00x\\x01'
    """
    parts = []
    for name, array in arrays.items():
        written = np.ascontiguousarray(array)
        little = written.astype(written.dtype.newbyteorder("<"), copy=False).tobytes()
        encoded = name.encode()
        parts += [struct.pack("<IQ", len(encoded), len(little)), encoded, little]
    return b"".join(parts)


def read_output(row: Mapping[str, Any]) -> np.ndarray:
    """Return the array of one row of `outputs`.

    Raises:
        PruneError: its values do not fill its shape, or NumPy has no such type.

    Example:
        >>> read_output({"name": "y", "type": "int8", "shape": [1, 2], "base64": "AQI="})
        array([[1, 2]], dtype=int8)
    """
    try:
        values = base64.b64decode(row["base64"], validate=True)
        dtype = np.dtype(row["type"]).newbyteorder("<")
        return np.frombuffer(values, dtype).reshape(row["shape"]).astype(row["type"])
    except (KeyError, TypeError, ValueError) as error:
        asked = f"read the output {row.get('name')!r} that the phone sent"
        raise PruneError(asked, str(error), "report this with the model's output type") from error
