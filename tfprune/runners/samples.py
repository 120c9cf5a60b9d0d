"""Inputs for a .tflite file when the user gives none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tfprune.errors import PruneError
from tfprune.runners.tensors import TensorSpec

MOST_BYTES = 2**30


def random_inputs(specs: Sequence[TensorSpec], seed: int = 0) -> list[np.ndarray]:
    """Draw one array for each input, the same for the same seed.

    Floats are uniform in [0, 1), as images usually are; quantized integers cover their whole
    range. Other integers may be indices of a table whose size the file does not tell, so they
    are 0 or 1.

    Raises:
        PruneError: they would take more than a gigabyte.

    Example:
        >>> spec = TensorSpec(name="tokens", shape=(1, 4), dtype="int32")
        >>> random_inputs([spec])[0].tolist()
        [[0, 1, 1, 1]]
    """
    sizes = [math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in specs]
    if sum(sizes) > MOST_BYTES:
        raise PruneError(
            f"draw random values for inputs of shape {', '.join(str(s.shape) for s in specs)}",
            f"they are {sum(sizes):,} bytes, at most {MOST_BYTES:,} are drawn",
            "pass inputs of your own, or convert the model with smaller inputs",
        )
    generator = np.random.default_rng(seed)
    return [_draw(spec, generator) for spec in specs]


def _draw(spec: TensorSpec, generator: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(spec.dtype)
    if np.issubdtype(dtype, np.floating):
        return generator.random(spec.shape, np.float32).astype(dtype, copy=False)
    if spec.quantized:
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, spec.shape, dtype, endpoint=True)
    return generator.integers(0, 2, spec.shape, np.int8).astype(dtype)


def order_inputs(values: Mapping[str, np.ndarray], specs: Sequence[TensorSpec]) -> list[np.ndarray]:
    """Bring inputs by name into the file's order.

    Raises:
        PruneError: a name is missing.

    Example:
        >>> spec = TensorSpec(name="x:0", shape=(1,), dtype="int32", signature="a")
        >>> order_inputs({"a": np.array([1])}, [spec])
        [array([1])]
    """
    names = [spec.signature or spec.name for spec in specs]
    missing = [name for name in names if name not in values]
    if missing:
        raise PruneError(
            f"inputs named {sorted(values)}", f"the file takes {names}", f"add {missing}"
        )
    return [values[name] for name in names]
