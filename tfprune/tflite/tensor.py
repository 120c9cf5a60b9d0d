"""One tensor of a .tflite file and the dense values it stores."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import FileError, PruneError
from tfprune.tflite.sparse_tensor import SparseEncoding, decode

_PACKED_BITS = {"int4": 4, "int2": 2}
_MOST_BYTES = 2**31  # a flatbuffer addresses its content with 32-bit signed offsets
_MOST_AXES = 32  # NumPy 1 has no more
_NUMPY = {
    "bool",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One tensor of a graph.

    Args:
        index: Its place in the graph, as in the interpreter's tensor details.
        name: Its name; a fused op joins the names of what went into it with `;`.
        shape: Its dense shape; a dynamic dimension is 1.
        dtype: The type its values have: a numpy name, or `"int4"`, `"int2"`, `"bfloat16"`,
            `"string"`, `"resource"`, `"variant"`.
        scales: Quantization scales, one or one per channel; empty if it is not quantized.
        zero_points: As many as scales.
        axis: The dimension that per-channel scales belong to.
        data: The stored bytes; empty for what is computed at run time, or sparse and all zero.
        encoding: How the values lie if they are stored sparse.
        dynamic: Whether a dimension is open until run time.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0
    data: NDArray[np.uint8] = field(
        default_factory=lambda: np.zeros(0, np.uint8), repr=False, compare=False
    )
    encoding: SparseEncoding | None = field(default=None, repr=False, compare=False)
    dynamic: bool = False

    @property
    def quantized(self) -> bool:
        """Whether real values are `scale * (value - zero_point)`."""
        return bool(self.scales)

    @property
    def sparse(self) -> bool:
        """Whether only the non-zero values are stored, with their places."""
        return self.encoding is not None

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its values; stored sparse, a tensor of zeros only needs none."""
        return len(self.data) > 0 or self.sparse

    @property
    def size(self) -> int:
        """The number of dense values."""
        return math.prod(self.shape)

    @property
    def dense_bytes(self) -> int:
        """The bytes of its values when none is left out."""
        return -(-self.size * (_bits(self.dtype) or 8) // 8)

    @property
    def stored_bytes(self) -> int:
        """The bytes of its values in the file, without the index arrays of a sparse tensor."""
        return len(self.data)

    def values(self) -> NDArray[Any]:
        """Return the dense values as stored, without applying scales.

        Returns:
            An array of `shape`. `int4` and `int2` become int8, `bfloat16` becomes float32.

        Raises:
            PruneError: the file does not hold this tensor, or it holds no numbers.
            FileError: the sparse encoding is broken.
        """
        if not self.is_constant:
            raise PruneError(
                f"values of {self.name!r}",
                "it is computed when the model runs; the file does not hold it",
                "ask only tensors whose is_constant is true",
            )
        flat = _unpack(self)
        if self.encoding is None:
            return flat.reshape(self.shape)
        try:
            return decode(flat, self.encoding, self.shape)
        except ValueError as error:
            raise FileError(
                f"values of {self.name!r}",
                f"its sparse encoding is broken: {error}",
                "convert the model again",
            ) from error

    def zeros(self) -> int:
        """Return how many real values are zero (a quantized zero is its zero point)."""
        values = self.values()
        if not any(self.zero_points):
            return int(values.size - np.count_nonzero(values))
        shape = [1] * values.ndim
        if len(self.zero_points) > 1:
            shape[self.axis] = len(self.zero_points)
        return int((values == np.reshape(self.zero_points, shape)).sum())


def check_storage(tensor: Tensor) -> None:
    """Raise ValueError if the bytes of a tensor can't be values of its shape and dtype."""
    if len(tensor.shape) > _MOST_AXES:
        raise ValueError(f"tensor {tensor.index} has rank {len(tensor.shape)}")
    if any(n < 0 for n in tensor.shape):
        raise ValueError(f"tensor {tensor.index} has the shape {tensor.shape}")
    if len(tensor.zero_points) != len(tensor.scales):
        counts = f"{len(tensor.scales)} scales and {len(tensor.zero_points)} zero points"
        raise ValueError(f"tensor {tensor.index} has {counts}")
    if len(tensor.scales) > 1 and (
        tensor.axis not in range(len(tensor.shape))
        or len(tensor.scales) != tensor.shape[tensor.axis]
    ):
        raise ValueError(f"tensor {tensor.index} has {len(tensor.scales)} scales")
    if not tensor.is_constant:
        return
    bits = _bits(tensor.dtype)
    if bits is None:
        return
    if tensor.size * bits > _MOST_BYTES * 8:
        raise ValueError(f"tensor {tensor.index} of shape {tensor.shape} is too large for a file")
    expected = tensor.dense_bytes
    stored = len(tensor.data)
    whole = stored * 8 % bits == 0 and stored <= expected if tensor.sparse else stored == expected
    if not whole:
        raise ValueError(f"tensor {tensor.index} stores {len(tensor.data)} of {expected} bytes")


def _bits(dtype: str) -> int | None:
    if dtype in _PACKED_BITS:
        return _PACKED_BITS[dtype]
    if dtype == "bfloat16":
        return 16
    return np.dtype(dtype).itemsize * 8 if dtype in _NUMPY else None


def _unpack(tensor: Tensor) -> NDArray[Any]:
    """Return the stored values, flat, in a dtype that numpy has."""
    if tensor.dtype in _PACKED_BITS:
        return _unpack_bits(tensor.data, _PACKED_BITS[tensor.dtype], tensor)
    if tensor.dtype == "bfloat16":
        wide = tensor.data.view("<u2").astype(np.uint32) << 16
        return wide.view(np.float32)
    if tensor.dtype not in _NUMPY:
        raise PruneError(
            f"values of {tensor.name!r}",
            f"a tensor of type {tensor.dtype} holds no numbers",
            "ask only numeric tensors",
        )
    return tensor.data.view(np.dtype(tensor.dtype).newbyteorder("<"))


def _unpack_bits(data: NDArray[np.uint8], bits: int, tensor: Tensor) -> NDArray[np.int8]:
    """Split bytes into signed values of `bits` bits, the lowest bits first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    fields = (data[:, None] >> shifts) & (2**bits - 1)
    signed = fields.astype(np.int8)
    signed[signed >= 2 ** (bits - 1)] -= 2**bits
    flat = signed.reshape(-1)
    return flat if tensor.sparse else flat[: tensor.size]
