"""RunReport: what one run measured, as `report.json` holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from tfprune.checks import Check
from tfprune.notes import Note
from tfprune.reports.plausible import check_plausible
from tfprune.reports.reading import JsonRecord

SCHEMA = "tfprune.report/1"


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """One model file and everything measured of it.

    Args:
        label: Its name in tables and pictures, unique in the report.
        file: Its path, relative to the report's folder.
        bytes: The size of the file.
        gzip_bytes: The same after gzip -9.
        accuracy: Share of test samples that are right, 0 to 1.
        sparsity: Share of zeros in the kernels, counted in the file.
        sparse: Whether some tensor is stored sparse.
        median_ms, p10_ms, p90_ms: Milliseconds of one inference.
        ratio: Times the baseline's speed: the median of paired rounds, above 1 is faster.
        load_ms: Milliseconds to load the file.
        peak_memory_bytes: Peak memory of the interpreter's process.
        checks: What was verified against Keras.
        notes: What a reader must know to read this row right.
        counterpart: Label of the file in the same number format that was not pruned, if there is
            one: what it has, too, was not pruning's doing.
    """

    label: str
    file: str
    bytes: int
    gzip_bytes: int
    accuracy: float | None = None
    sparsity: float | None = None
    sparse: bool = False
    median_ms: float | None = None
    p10_ms: float | None = None
    p90_ms: float | None = None
    ratio: float | None = None
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()
    counterpart: str | None = None


@dataclass(frozen=True, kw_only=True)
class KernelZeros:
    """One kernel's zeros in Keras and in each file, joined by its Keras name.

    Args:
        kernel: The Keras name, `"layer/variable"`.
        shape: The Keras shape.
        params: The number of its values.
        zeros: Zeros in the pruned Keras model.
        planned: The sparsity that was asked for; None if it was left alone.
        reason: Why it was pruned or left alone.
        in_files: Label of a file → zeros counted in it.
    """

    kernel: str
    shape: tuple[int, ...]
    params: int
    zeros: int
    planned: float | None = None
    reason: str = ""
    in_files: dict[str, int] = field(default_factory=dict)

    @property
    def sparsity(self) -> float:
        """The share of zeros in the Keras model."""
        return self.zeros / self.params if self.params else 0.0


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What one epoch of training ended with.

    Args:
        phase: `"dense"`, `"pruning"`, ...; phases follow each other in the picture.
        epoch: Counted from 1 over all phases.
        loss, accuracy: On the training data.
        val_accuracy: On held-out data.
        sparsity: Share of zeros in the kernels that are pruned.
    """

    phase: str
    epoch: int
    loss: float
    accuracy: float
    val_accuracy: float | None = None
    sparsity: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunReport(JsonRecord):
    """What one run measured: the content of `report.json`.

    The file is this dataclass as JSON, field by field, plus `"schema": "tfprune.report/1"`. The
    number changes when a field changes its meaning or goes; a new optional field does not change
    it. The first model is the baseline that ratios refer to.

    Args:
        title: The headline.
        created: When, in ISO 8601 with the offset from UTC.
        models: One row for each file.
        kernels: One row for each kernel.
        epochs: The training, epoch by epoch.
        host: The machine and the runtime, name → value.
        settings: What the run was asked to do, name → value.
        samples: How many test samples the accuracies come from.
        notes: What was left alone or fell back, with the reason.
        version: tfprune's version.

    Example:
        >>> row = ModelRow(label="dense", file="dense.tflite", bytes=2048, gzip_bytes=1024)
        >>> record = RunReport(title="demo", created="2026-01-01T00:00:00+00:00", models=(row,))
        >>> RunReport.from_json(record.to_json()) == record
        True
    """

    schema: ClassVar[str] = SCHEMA
    title: str
    created: str
    models: tuple[ModelRow, ...]
    kernels: tuple[KernelZeros, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    host: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    samples: int | None = None
    notes: tuple[Note, ...] = ()
    version: str = ""

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.reports.tables import summary_table

        return summary_table(self)

    def checked(self) -> RunReport:
        """Return itself if its numbers can have been measured.

        Raises:
            ValueError: they cannot; the field is named.
        """
        check_plausible(self, ("models", "kernels", "epochs"))
        return self
