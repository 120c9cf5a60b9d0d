"""How much the bytes of a file may claim: nothing is made room for on a claim's word alone."""

from __future__ import annotations

from tfprune import files
from tfprune.tflite.tensor import Tensor

_TABLE = 8
"""The least bytes of an entry in a list of tables: its offset, and the table's own."""
_SHARED = 2
_SPARE = 4096


class Limits:
    """Counts what is read of one file.

    The parts of a flatbuffer may lie on each other, so that a megabyte can hold gigabytes of
    lists; what converters write does not overlap, but for a string here and there.

    Args:
        size: The bytes of the file.

    Example:
        >>> Limits(100).tables(1000)
        Traceback (most recent call last):
        ...
        ValueError: its lists overlap: they claim more than its 100 bytes can hold
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._left = _SHARED * size + _SPARE
        self._dense = 0

    def values(self, count: int) -> None:
        """Count numbers or letters, at least a byte each.

        Raises:
            ValueError: all lists together hold more than the file does.
        """
        self._left -= count
        if self._left < 0:
            found = f"they claim more than its {self.size:,} bytes can hold"
            raise ValueError(f"its lists overlap: {found}")

    def tables(self, count: int) -> None:
        """Count the entries of a list of tables.

        Raises:
            ValueError: as in `values`.
        """
        self.values(_TABLE * count)

    def tensor(self, tensor: Tensor) -> None:
        """Count the dense values of a tensor that is stored sparse.

        Raises:
            ValueError: all of them would be far larger than the file.
        """
        if tensor.sparse:
            self._dense += tensor.dense_bytes
            if self._dense > files.most_unpacked(self.size):
                raise ValueError(
                    f"tensor {tensor.index} of shape {tensor.shape}: the sparse tensors of "
                    f"{self.size:,} bytes claim {self._dense:,} bytes"
                )
