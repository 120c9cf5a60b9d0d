"""LatencyTable: what each op of a model takes on a target, at each of several widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfprune.curves.records import SavedRecord
from tfprune.notes import Note

_SPREAD = 1.1


@dataclass(frozen=True, kw_only=True)
class OpTimes:
    """What one op takes, by the widths it reads and writes.

    Args:
        op: The layer's path; `"path#2"` for its second call.
        reads: Numbers of channels that its inputs carry, ascending; one if they are fixed.
        writes: The same for its outputs.
        times: One row for each of `reads`, one column for each of `writes`.
        inside: The group of units that lie inside the layer and that `writes` counts (heads of an
            attention); the times are then what the layer takes less than it does whole, negative.
    """

    op: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    times: tuple[tuple[float, ...], ...]
    inside: str = ""

    def at(self, reads: float, writes: float) -> float:
        """Return the time at some widths: linear in between, that of the bounds outside.

        Example:
            >>> conv = OpTimes(op="a", reads=(8, 16), writes=(8,), times=((1.0,), (3.0,)))
            >>> conv.at(12, 8), conv.at(4, 8)
            (2.0, 1.0)
        """
        rows = [float(np.interp(writes, self.writes, row)) for row in self.times]
        return float(np.interp(reads, self.reads, rows))


@dataclass(frozen=True, kw_only=True)
class WholeFile:
    """A whole file beside what the table says of it.

    Args:
        name: What it is: "dense", "half of each width".
        ops: The sum over its ops.
        measured: What was measured, in the table's unit.
    """

    name: str
    ops: float
    measured: float


@dataclass(frozen=True, kw_only=True)
class LatencyTable(SavedRecord):
    """What a model's ops take on a target; `print` shows them, `save` keeps them for later.

    The latency of a network is `fixed + factor · Σ ops`: an op inside a network finds its inputs
    elsewhere than one that runs alone, and ops without weights are not in the table. Both numbers
    come from whole files (`corrected`).

    Args:
        subject: The model's name.
        target: Where it was measured: "host", "android", "arm64-emulated".
        device: What that was, in words.
        unit: "ms" or "instructions".
        precision: The number format of the files.
        threads: Of the interpreter.
        round_to: The widths are multiples of it.
        ops: One row for each call of a layer with weights.
        files: How many small files were measured.
        fixed: What a network takes beside its ops.
        factor: What the sum over its ops is multiplied by.
        whole: Whole files that `fixed` and `factor` were fitted to.
        notes: What a reader should know.
    """

    subject: str
    target: str
    device: str
    unit: str
    precision: str
    threads: int
    round_to: int
    ops: tuple[OpTimes, ...]
    files: int
    fixed: float = 0.0
    factor: float = 1.0
    whole: tuple[WholeFile, ...] = ()
    notes: tuple[Note, ...] = field(default=())

    def predict(self, ops: float) -> float:
        """Return the latency of a network, in `unit`, from the sum over its ops."""
        return self.fixed + self.factor * ops

    def whole_file(self, name: str, predicted: float, measured: float) -> WholeFile:
        """Return a whole file whose latency this table had predicted, for `corrected`.

        Args:
            name: What it is.
            predicted: What `plan.size.latency_after` said.
            measured: What was measured then, in `unit`.

        Example:
            >>> table = LatencyTable(subject="net", target="host", device="", unit="ms", files=0,
            ...     precision="float32", threads=1, round_to=8, ops=(), fixed=1.0, factor=2.0)
            >>> table.whole_file("half", predicted=3.0, measured=4.0).ops
            1.0
        """
        return WholeFile(name=name, ops=(predicted - self.fixed) / self.factor, measured=measured)

    def corrected(self, measured: Sequence[WholeFile]) -> LatencyTable:
        """Return the table with `fixed` and `factor` fitted to whole files, those before included.

        With files whose sums differ by a tenth at least both are fitted by least squares of
        relative errors; else, or where the fit would say that wider is faster, only the factor.

        Example:
            >>> table = LatencyTable(subject="net", target="host", device="", unit="ms",
            ...     precision="float32", threads=1, round_to=8, ops=(), files=0)
            >>> table = table.corrected([WholeFile(name="dense", ops=2.0, measured=5.0),
            ...                          WholeFile(name="half", ops=1.0, measured=3.0)])
            >>> round(table.fixed, 6), round(table.factor, 6), round(table.predict(3.0), 6)
            (1.0, 2.0, 7.0)
        """
        whole = (*self.whole, *measured)
        ops, found = (np.array([getattr(w, n) for w in whole], float) for n in ("ops", "measured"))
        fixed, factor = 0.0, float(np.mean(found / ops))
        if ops.max() > _SPREAD * ops.min():
            rows = np.stack([1 / found, ops / found], axis=1)
            both = np.linalg.lstsq(rows, np.ones(len(whole)), rcond=None)[0]
            if both[1] > 0:
                fixed, factor = map(float, both)
        return replace(self, whole=whole, fixed=fixed, factor=factor)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.curves.table import latency_table_table

        return latency_table_table(self)
