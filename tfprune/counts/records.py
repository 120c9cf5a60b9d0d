"""Counts as frozen records; importing this imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tfprune.notes import Note


@dataclass(frozen=True, kw_only=True)
class LayerCount:
    """What one layer costs for one sample.

    Args:
        name: The path of layer names, `"backbone/conv_pw_1"`, as kernels have it; the name of an
            operation of `keras.ops`; the output tensor's name in a .tflite file.
        op: The layer's class, the operation's, or the .tflite op.
        output_shape: Of its last call, without the batch; a size the model leaves open is None.
            Of several outputs the first.
        params: Its parameters, each counted once in a model.
        bytes: What they take, by their dtypes.
        macs: Multiply-accumulates, like activations summed over all its calls; None if they can't
            be known: a note says why.
        activations: Elements of its outputs; None if they can't be known.
        activation_bytes: What they take.
    """

    name: str
    op: str
    output_shape: tuple[int | None, ...]
    params: int = 0
    bytes: int = 0
    macs: int | None = 0
    activations: int | None = 0
    activation_bytes: int | None = 0


@dataclass(frozen=True)
class Counts:
    """A model's layers, their sums, and what could not be counted.

    Args:
        rows: One for each layer that computes, in the order of the calls.
        notes: What is not in the sums, each with its reason.

    Example:
        >>> dense = {"params": 10, "bytes": 40, "macs": 8}
        >>> rows = (LayerCount(name="a", op="Dense", output_shape=(2,), **dense),
        ...         LayerCount(name="b", op="Lambda", output_shape=(2,)))
        >>> Counts(rows).params, Counts(rows).macs
        (10, 8)
    """

    rows: tuple[LayerCount, ...]
    notes: tuple[Note, ...] = ()

    @property
    def params(self) -> int:
        """All parameters."""
        return sum(row.params for row in self.rows)

    @property
    def bytes(self) -> int:
        """The bytes of all parameters."""
        return sum(row.bytes for row in self.rows)

    @property
    def macs(self) -> int | None:
        """All multiply-accumulates; None if those of some layer can't be known."""
        return sum_known(row.macs for row in self.rows)

    @property
    def known_macs(self) -> int:
        """The multiply-accumulates of the layers that could be counted."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def activations(self) -> int | None:
        """The elements of all outputs; None if those of some layer can't be known."""
        return sum_known(row.activations for row in self.rows)

    @property
    def activation_bytes(self) -> int | None:
        """The bytes of all outputs; None if those of some layer can't be known."""
        return sum_known(row.activation_bytes for row in self.rows)


def sum_known(values: Iterable[int | None]) -> int | None:
    """Return the sum, or None if one of the values is None."""
    found = list(values)
    return None if None in found else sum(value or 0 for value in found)
