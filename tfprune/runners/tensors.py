"""What goes in and out of a .tflite file, and the step between real values and integers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfprune.errors import PruneError


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """One input or output of a .tflite file.

    Args:
        name: The tensor's name in the file.
        shape: Its shape now, with 1 wherever the file leaves a size open and none was asked for.
        dtype: NumPy's name, e.g. `"float32"` or `"int8"`.
        scale: Real value of one integer step; 0.0 if it is not quantized.
        zero_point: The integer that stands for 0.0.
        signature: Its name in the file's first signature, which is what the exporter called it.
        open_axes: Axes whose size the file leaves open.
        index: Its number in the file's first subgraph.
        aliases: Other names in the signature that stand for the same tensor: two outputs of a
            model that are one value share it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0
    signature: str | None = None
    open_axes: tuple[int, ...] = ()
    index: int = -1
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All its names in the signature; none if the file has no signature."""
        return () if self.signature is None else (self.signature, *self.aliases)

    @property
    def is_open(self) -> bool:
        """Whether the file leaves a size open besides the batch."""
        return any(self.open_axes)

    def at(self, size: int) -> tuple[int, ...]:
        """Return its shape with every open size but the batch set to `size`.

        Example:
            >>> open_axes = {"dtype": "float32", "open_axes": (0, 1, 2)}
            >>> TensorSpec(name="x", shape=(1, 1, 1, 3), **open_axes).at(32)
            (1, 32, 32, 3)
        """
        return tuple(
            size if axis and axis in self.open_axes else n for axis, n in enumerate(self.shape)
        )

    @property
    def quantized(self) -> bool:
        """Whether its integers stand for real values."""
        return self.scale != 0.0 and np.issubdtype(np.dtype(self.dtype), np.integer)


def save_arrays(path: str | os.PathLike[str], arrays: Sequence[np.ndarray]) -> None:
    """Write arrays to one file, as .npy one after another: a zip needs a clock after 1980."""
    with open(path, "wb") as file:
        for array in arrays:
            np.save(file, array, allow_pickle=False)


def load_arrays(path: str | os.PathLike[str]) -> list[np.ndarray]:
    """Read back what `save_arrays` or a worker wrote."""
    size, arrays = os.path.getsize(path), []
    with open(path, "rb") as file:
        while file.tell() < size:
            arrays.append(np.load(file, allow_pickle=False))
    return arrays


def quantize(values: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Turn real values into the integers of `spec`: round(values / scale) + zero point, clipped.

    Source: the TFLite quantization specification, r = S (q - Z). Ties round to even, as NumPy does.

    Example:
        >>> spec = TensorSpec(name="x", shape=(3,), dtype="int8", scale=0.5, zero_point=-1)
        >>> quantize(np.array([0.0, 1.0, 100.0]), spec)
        array([ -1,   1, 127], dtype=int8)
    """
    limits = np.iinfo(spec.dtype)
    integers = np.round(np.asarray(values, np.float64) / spec.scale) + spec.zero_point
    return np.clip(np.nan_to_num(integers), limits.min, limits.max).astype(spec.dtype)


def dequantize(integers: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Turn integers of `spec` into float32: scale * (integers - zero point).

    Example:
        >>> spec = TensorSpec(name="x", shape=(2,), dtype="int8", scale=0.5, zero_point=-1)
        >>> dequantize(np.array([-1, 1], np.int8), spec)
        array([0., 1.], dtype=float32)
    """
    return ((integers.astype(np.float64) - spec.zero_point) * spec.scale).astype(np.float32)


def fit_inputs(values: Sequence[np.ndarray], specs: Sequence[TensorSpec]) -> list[np.ndarray]:
    """Give every array its input's dtype, quantizing floats for integer inputs.

    Raises:
        PruneError: the count or a shape is not what the file takes.

    Example:
        >>> spec = TensorSpec(name="x", shape=(1, 2), dtype="float32")
        >>> fit_inputs([np.array([[1, 2]])], [spec])
        [array([[1., 2.]], dtype=float32)]
    """
    if len(values) != len(specs):
        raise PruneError(
            f"run on {len(values)} inputs",
            f"the file takes {len(specs)}: {[spec.name for spec in specs]}",
            "give one array for each input, in this order",
        )
    return [_fit(np.asarray(value), spec) for value, spec in zip(values, specs, strict=True)]


def _fit(value: np.ndarray, spec: TensorSpec) -> np.ndarray:
    fixed = [a for a in range(len(spec.shape)) if a not in spec.open_axes]
    if value.ndim != len(spec.shape) or any(value.shape[a] != spec.shape[a] for a in fixed):
        shape = tuple("any" if a in spec.open_axes else n for a, n in enumerate(spec.shape))
        raise PruneError(
            f"run on an array of shape {value.shape}",
            f"the input {spec.name!r} has shape {shape}",
            "reshape or split the array, or convert the model with another batch_size",
        )
    if spec.quantized and np.issubdtype(value.dtype, np.floating):
        return quantize(value, spec)
    return np.asarray(value, dtype=spec.dtype, order="C")  # ascontiguousarray has no scalars


def wants_real_values(values: Sequence[np.ndarray], specs: Sequence[TensorSpec]) -> bool:
    """Whether the caller speaks in real values: no quantized input was given its raw integers."""
    return not any(
        spec.quantized and not np.issubdtype(np.asarray(value).dtype, np.floating)
        for value, spec in zip(values, specs, strict=True)
    )
