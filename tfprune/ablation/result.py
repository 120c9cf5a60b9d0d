"""What quantizing costs, layer by layer."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class LayerError:
    """One layer, quantized alone.

    Args:
        layer: Its name, as `keep_float` takes it; with those of the layers around it,
            `"attention/query"`. An op that is no layer's goes by the name of its tensor.
        ops: What it is in the file, `"CONV_2D"`.
        fused: Other layers in the same ops, such as a relu behind a convolution.
        error: Root mean square of what the model's output changes when this layer alone computes
            in int8, relative to that of the output; the largest of several outputs. None if it
            was not measured.
        from_weights: The share of the squared error that its rounded weights alone make, 0 to 1;
            the rest comes from rounding what it reads and writes.
        reason: Why it was not measured, or what in it stays float.
    """

    layer: str
    ops: str = ""
    fused: tuple[str, ...] = ()
    error: float | None = None
    from_weights: float | None = None
    reason: str = ""

    @property
    def sqnr_db(self) -> float | None:
        """Signal to quantization noise in decibels; None if not measured, or without noise."""
        return decibels(self.error)


@dataclass(frozen=True)
class KeptFloat:
    """An int8 file with some layers kept float.

    Args:
        layers: The layers, a list for `keep_float`.
        error: What the output is off by, relative, with all other layers in int8.
        bytes: The size of the file.
    """

    layers: tuple[str, ...]
    error: float
    bytes: int


@dataclass(frozen=True, kw_only=True)
class QuantizationErrors(Shown):
    """What int8 costs a model, and where.

    Args:
        subject: The model's name.
        error: What the output of the int8 file is off by, relative, by root mean square.
        bytes: The size of that file.
        samples: How many samples were compared.
        rows: The layers, the one that loses most first; then those not measured.
        trials: Int8 files that keep the first layer float, the first two, and so on.
        suggestion: The shortest of these lists that gives back most; empty if none gives back much.
        notes: What a reader should know.
    """

    subject: str
    error: float
    bytes: int
    samples: int
    rows: tuple[LayerError, ...]
    trials: tuple[KeptFloat, ...]
    suggestion: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.ablation.table import quantization_errors_table

        return quantization_errors_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for JSON."""
        rows = [{**asdict(row), "sqnr_db": row.sqnr_db} for row in self.rows]
        return {**asdict(self), "rows": rows, "sqnr_db": decibels(self.error)}


def decibels(error: float | None) -> float | None:
    """Return a relative error as a signal to noise ratio in decibels.

    Example:
        >>> decibels(0.01), decibels(0.0)
        (40.0, None)
    """
    return None if not error else -20 * math.log10(error)
