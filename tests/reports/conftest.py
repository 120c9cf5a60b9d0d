from __future__ import annotations

import pytest

from tfprune.notes import Note
from tfprune.reports import Check, Epoch, KernelZeros, ModelRow, RunReport


@pytest.fixture(scope="module")
def shared_record():
    return make_record()


@pytest.fixture
def record():
    return make_record()


def make_record():
    """A dense and a pruned model, as a run would have measured them."""
    checks = (
        Check(name="outputs", passed=True, max_abs_error=1e-6, tolerance=1e-4),
        Check(name="zeros", passed=True),
    )
    dense = ModelRow(
        label="dense",
        file="dense.tflite",
        bytes=4000,
        gzip_bytes=3000,
        accuracy=0.97,
        sparsity=0.0,
        sparse=False,
        median_ms=2.0,
        p10_ms=1.9,
        p90_ms=2.4,
        ratio=1.0,
    )
    pruned = ModelRow(
        label="pruned",
        file="pruned.tflite",
        bytes=1500,
        gzip_bytes=1000,
        accuracy=0.965,
        sparsity=0.8,
        sparse=True,
        median_ms=1.0,
        p10_ms=0.9,
        p90_ms=1.2,
        ratio=2.0,
        checks=checks,
        notes=("runs dense here",),
    )
    return RunReport(
        title="a run",
        created="2026-01-01T00:00:00+00:00",
        models=(dense, pruned),
        kernels=(
            KernelZeros(
                kernel="head/kernel",
                shape=(10, 10),
                params=100,
                zeros=80,
                planned=0.8,
                reason="default",
                in_files={"pruned": 80},
            ),
        ),
        epochs=(
            Epoch(phase="dense", epoch=1, loss=0.5, accuracy=0.9, val_accuracy=0.91),
            Epoch(
                phase="pruning", epoch=2, loss=0.4, accuracy=0.95, val_accuracy=0.94, sparsity=0.8
            ),
        ),
        host={"cpu": "one"},
        settings={"seed": 0, "block": [1, 2]},
        samples=1000,
        notes=(Note("stem", "left alone"),),
        version="0.1.0",
    )
