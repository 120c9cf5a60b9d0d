"""Measure the demo's files: zeros, outputs, accuracy, latency; and join it all by kernel name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tfprune.bench import BenchmarkResult, BenchmarkRow
from tfprune.demo.digits import Images, Labels
from tfprune.demo.variants import Variant, counterpart_of
from tfprune.export import ConvertResult
from tfprune.inspection import Inspection
from tfprune.notes import Note
from tfprune.plan import Plan
from tfprune.reports import Check, KernelZeros, ModelRow
from tfprune.reports.grouping import grouped
from tfprune.runners import Runner
from tfprune.verification import VerifyResult


@dataclass(frozen=True)
class Measured:
    """One file with everything measured of it but its latency."""

    variant: Variant
    converted: ConvertResult
    verified: VerifyResult
    accuracy: float


def accuracy(path: str | os.PathLike[str], images: Images, labels: Labels) -> float:
    """Return the share of images that the file classifies right.

    Args:
        path: A .tflite file with one input of batch 1 and one output of class scores.
        images: (n, height, width, channels).
        labels: (n,).
    """
    with Runner(path) as runner:
        [scores] = runner.run_rows([images])
    return float(np.mean(np.argmax(scores, axis=-1) == labels))


def model_rows(
    measured: Iterable[Measured], latency: BenchmarkResult, pruned: set[str]
) -> tuple[ModelRow, ...]:
    """Return the report's row of each file; `pruned` names the kernels that sparsity counts."""
    timed = {row.label: row for row in latency.rows}
    return tuple(
        _row(m, timed[m.variant.label], pruned, _notes_of(m, latency.notes)) for m in measured
    )


def kernel_rows(
    plan: Plan, inspection: Inspection, measured: Iterable[Measured]
) -> tuple[KernelZeros, ...]:
    """Return each kernel of the pruned model with its zeros in Keras and in every file of it."""
    decided = {row.kernel: row for row in plan.rows}
    counted: dict[str, dict[str, int]] = {row.name: {} for row in inspection.rows}
    for m in measured:
        if m.variant.source == "pruned":
            for check in m.verified.kernels:
                counted[check.kernel][m.variant.label] = check.zeros_after
    return tuple(
        KernelZeros(
            kernel=row.name,
            shape=row.shape,
            params=row.params,
            zeros=row.zeros,
            planned=rule.final_sparsity if (rule := decided[row.name].rule) else None,
            reason=decided[row.name].reason,
            in_files=counted[row.name],
        )
        for row in inspection.rows
    )


def all_notes(measured: Iterable[Measured]) -> tuple[Note, ...]:
    """Return every note on every file, one by one."""
    return tuple(
        Note(f"{m.variant.label}, {note.subject}", note.reason)
        for m in measured
        for note in (*m.converted.notes, *m.verified.notes)
    )


def _row(m: Measured, timed: BenchmarkRow, pruned: set[str], notes: tuple[str, ...]) -> ModelRow:
    kernels = [k for k in m.verified.kernels if k.kernel in pruned]
    return ModelRow(
        label=m.variant.label,
        file=m.variant.file,
        bytes=m.converted.bytes,
        gzip_bytes=m.converted.gzip_bytes,
        accuracy=m.accuracy,
        sparsity=sum(k.zeros_after for k in kernels) / sum(k.size for k in kernels),
        sparse=m.converted.sparse,
        median_ms=timed.median_ms,
        p10_ms=timed.p10_ms,
        p90_ms=timed.p90_ms,
        ratio=timed.ratio,
        load_ms=timed.load_ms,
        peak_memory_bytes=timed.peak_memory_bytes,
        checks=checks_of(m.verified),
        notes=notes,
        counterpart=counterpart_of(m.variant),
    )


def checks_of(verified: VerifyResult) -> tuple[Check, ...]:
    """Return what was compared, and whether every zero survived."""
    kept = all(kernel.passed for kernel in verified.kernels)
    return (*verified.checks, Check(name="zeros of every kernel", passed=kept))


def _notes_of(m: Measured, latency: Iterable[Note]) -> tuple[str, ...]:
    """Return what a reader of the row must know, repeated reasons once."""
    notes = [note.reason for note in latency if note.subject == m.variant.label]
    if m.variant.source == "pruned" and not m.converted.sparse:
        notes.append(m.converted.sparse_reason)
    notes += grouped((*m.converted.notes, *m.verified.notes))
    return tuple(dict.fromkeys(notes))
