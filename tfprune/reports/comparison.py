"""Comparison: models side by side, and the trials that led there, as `report.json` holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from tfprune.checks import Check
from tfprune.evaluation.classes import ClassRow
from tfprune.notes import Note
from tfprune.reports.plausible import check_plausible
from tfprune.reports.points import PredictedLatency, SensitivityPoint, Trial
from tfprune.reports.reading import JsonRecord

SCHEMA = "tfprune.comparison/1"


@dataclass(frozen=True, kw_only=True)
class ReportedLayer:
    """One layer of a model, or one op of a file.

    Args:
        name: Its name; layers of two models with the same name are compared.
        kind: The layer's class or the op.
        width: Channels, neurons or features of its output; None if unknown.
        params: Its parameters.
        macs: Multiply-accumulates of one inference; None if unknown.
        median_us: Microseconds of one inference; None if unknown.
    """

    name: str
    kind: str = ""
    width: int | None = None
    params: int | None = None
    macs: int | None = None
    median_us: float | None = None


@dataclass(frozen=True, kw_only=True)
class EnergyEstimate:
    """What one inference may cost, by published energies of single operations: no measurement.

    Args:
        arithmetic_uj: Microjoules of its multiply-accumulates.
        memory_uj: Of reading its weights and of its activations; None if these are unknown.
        process: The technology the numbers are of, `"45 nm"`, `"7 nm"`.
        source: Where the numbers are from.
    """

    arithmetic_uj: float
    memory_uj: float | None
    process: str
    source: str

    @property
    def total_uj(self) -> float | None:
        """Both together; None if one is unknown."""
        return None if self.memory_uj is None else self.arithmetic_uj + self.memory_uj


@dataclass(frozen=True, kw_only=True)
class ReportedModel:
    """One model with all that is known of it; None is unknown, and is shown so.

    Args:
        label: Its name in tables and pictures, unique in the report.
        file: Its file, or what it was.
        metrics: By name, as `tfprune.evaluate` gives them.
        samples: How many samples the metrics come from.
        per_class: Right and wrong by class.
        params: Parameters, those of biases and normalization too.
        macs: Multiply-accumulates of one inference.
        sparsity: Share of zeros in its kernels.
        bytes, gzip_bytes: The size of its file, and after gzip -9.
        median_ms, p10_ms, p90_ms: Milliseconds of one inference on the host.
        ratio: Times the first model's speed there, in interleaved rounds.
        phone_ms: Milliseconds on the phone.
        instructions: Executed by one inference on an emulated ARM64 core.
        peak_memory_bytes: Peak memory of the interpreter's process.
        verdict, reason: The doctor's, for Android on ARM64.
        energy: Estimates, one for each technology.
        layers: Its layers, or the ops of its file.
        ops: The ops that ran, in order, with their times.
        checks: What was verified.
        notes: What a reader must know to read this row right.
    """

    label: str
    file: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    samples: int | None = None
    per_class: tuple[ClassRow, ...] = ()
    params: int | None = None
    macs: int | None = None
    sparsity: float | None = None
    bytes: int | None = None
    gzip_bytes: int | None = None
    median_ms: float | None = None
    p10_ms: float | None = None
    p90_ms: float | None = None
    ratio: float | None = None
    phone_ms: float | None = None
    instructions: int | None = None
    peak_memory_bytes: int | None = None
    verdict: str | None = None
    reason: str = ""
    energy: tuple[EnergyEstimate, ...] = ()
    layers: tuple[ReportedLayer, ...] = ()
    ops: tuple[ReportedLayer, ...] = ()
    checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison(JsonRecord):
    """Models side by side: what `tfprune.report` writes as `report.json` and `report.html`.

    Fill one to report models that came about in any way; `compress` does. The first model is what
    the others are compared with. The file is this dataclass as JSON, field by field, plus
    `"schema": "tfprune.comparison/1"`; a new optional field does not change that number.

    Args:
        title: The headline.
        created: When, in ISO 8601 with the offset from UTC.
        models: One for each model; labels are unique.
        metric: The name of the metric that pictures and trials are about; `""` for none.
        higher_is_better: Whether more of it is better.
        trials: All that was tried.
        sensitivity: What each layer alone costs.
        latency: What a latency table predicted, beside what was measured.
        target: Where times were taken: `"host"`, a phone's name.
        host: The machine and the runtime, name → value.
        settings: What was asked, name → value.
        notes: What was left alone or fell back, with the reason.
        version: tfprune's version.

    Example:
        >>> dense = ReportedModel(label="dense", metrics={"accuracy": 0.9}, median_ms=2.0, bytes=9)
        >>> small = ReportedModel(label="small", metrics={"accuracy": 0.8}, median_ms=1.0, bytes=4)
        >>> made = Comparison(title="mine", created="2026-01-01T00:00:00+00:00",
        ...                   models=(dense, small), metric="accuracy",
        ...                   trials=(Trial(label="half", metric=0.7, median_ms=0.9, bytes=3),))
        >>> Comparison.from_json(made.to_json()) == made
        True
        >>> made.value(small)
        0.8
    """

    schema: ClassVar[str] = SCHEMA
    title: str
    created: str
    models: tuple[ReportedModel, ...]
    metric: str = ""
    higher_is_better: bool = True
    trials: tuple[Trial, ...] = ()
    sensitivity: tuple[SensitivityPoint, ...] = ()
    latency: tuple[PredictedLatency, ...] = ()
    target: str = "host"
    host: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    version: str = ""

    def value(self, model: ReportedModel) -> float | None:
        """Return a model's value of `metric`; None if it is unknown."""
        return model.metrics.get(self.metric)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.reports.comparison_table import comparison_table

        return comparison_table(self)

    def checked(self) -> Comparison:
        """Return itself if its numbers can have been measured and its labels are unique.

        Raises:
            ValueError: they cannot; the field is named.
        """
        check_plausible(self, ("models", "trials", "latency"))
        labels = [model.label for model in self.models]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"models has two of the label {label!r}")
        return self
