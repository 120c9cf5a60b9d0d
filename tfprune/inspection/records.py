"""What an inspection found, as frozen records that become JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from tfprune.counts.records import LayerCount
from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class KernelRow:
    """One kernel: a weight that multiplies the data.

    Args:
        name: `"layer/variable"` in a Keras model, the tensor's name in a .tflite file.
        shape: As Keras, or as the file, orders it.
        dtype: `"float32"`, `"int8"`, ...
        zeros: How many values are zero; in a quantized tensor, how many mean zero.
        bytes: What it takes stored densely.
        stored_bytes: What it takes in the file, index arrays of a sparse encoding included; None
            for a Keras model, whose file is compressed as a whole.
        sparse: Whether only its non-zero values are stored.
        quantized: Whether its values are integers with scales.
        op: The Keras layer's class or the .tflite op that multiplies with it.

    Example:
        >>> row = KernelRow(name="head/kernel", shape=(4, 2), dtype="float32", zeros=6, bytes=32)
        >>> row.params, row.sparsity
        (8, 0.75)
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    zeros: int
    bytes: int
    stored_bytes: int | None = None
    sparse: bool = False
    quantized: bool = False
    op: str = ""

    @property
    def params(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def sparsity(self) -> float:
        """The share of zeros."""
        return self.zeros / self.params if self.params else 0.0


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over a model.

    Args:
        params: All stored parameters, biases and normalization included.
        kernel_params: Those in kernels.
        zeros: Zeros in kernels.
        file_bytes: The size of the file; None for a model in memory.
        gzip_bytes: The same after gzip -9.
        macs: Multiply-accumulates of one sample, of a .tflite file of one run; None if those of
            some layer can't be known: a note says why.
        counted_macs: Those of the layers that can be counted: `macs`, or a part of them.
        activations: Elements of all layers' outputs; None if they can't be known.
    """

    params: int
    kernel_params: int
    zeros: int
    file_bytes: int | None = None
    gzip_bytes: int | None = None
    macs: int | None = None
    activations: int | None = None
    counted_macs: int | None = None

    @property
    def sparsity(self) -> float:
        """The share of zeros in all kernels together."""
        return self.zeros / self.kernel_params if self.kernel_params else 0.0


@dataclass(frozen=True, kw_only=True)
class Inspection(Shown):
    """A model's kernels and layers, their sums, and what could not be counted.

    Args:
        subject: The path, or the name of a model in memory.
        kind: `"keras"` or `"tflite"`.
        rows: One for each kernel, in the model's order.
        totals: The sums.
        notes: What is not counted, each with its reason.
        layers: What each layer, or each op of a .tflite file, costs; `tfprune.counts.count` says
            what is counted.
    """

    subject: str
    kind: str
    rows: tuple[KernelRow, ...]
    totals: Totals
    notes: tuple[Note, ...] = ()
    layers: tuple[LayerCount, ...] = ()

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.inspection.table import inspection_table

        return inspection_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as a JSON-ready dictionary."""
        rows = [asdict(r) | {"params": r.params, "sparsity": r.sparsity} for r in self.rows]
        return {
            "subject": self.subject,
            "kind": self.kind,
            "layers": [asdict(layer) for layer in self.layers],
            "kernels": rows,
            "totals": asdict(self.totals) | {"sparsity": self.totals.sparsity},
            "notes": [asdict(note) for note in self.notes],
        }
