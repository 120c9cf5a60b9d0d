"""Small drawn numbers in the place of symbolic tensors, to try a layer on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

_BATCH, _LENGTH = 2, 16  # where a shape says None


def drawn(structure: Any, rng: np.random.Generator) -> Any:
    """Return the structure with each symbolic tensor replaced by numbers of its shape and dtype.

    Args:
        structure: Arguments of a call, symbolic tensors among them.
        rng: Where the numbers come from: normal ones for floats, 0 and 1 for integers and bools.

    Raises:
        ValueError: a tensor holds neither, as strings and sparse tensors do.
    """
    return keras.tree.map_structure(
        lambda value: _sample(value, rng) if isinstance(value, keras.KerasTensor) else value,
        structure,
    )


def _sample(tensor: Any, rng: np.random.Generator) -> Any:
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype == "string" or tensor.sparse:
        raise ValueError(f"no numbers can be drawn for {'sparse' if tensor.sparse else dtype} data")
    lengths = [_LENGTH if length is None else length for length in tensor.shape]
    if tensor.shape and tensor.shape[0] is None:
        lengths[0] = _BATCH
    values: Any = rng.normal(size=lengths)
    if not keras.backend.is_float_dtype(dtype):
        values = values > 0
    return keras.ops.convert_to_tensor(values.astype("float32"), dtype)
