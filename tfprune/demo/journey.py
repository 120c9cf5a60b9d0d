"""The main road, driven once on real data: train, prune, strip, convert, verify, time, report."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfprune import files
from tfprune._version import __version__
from tfprune.bench import BenchmarkResult, benchmark
from tfprune.compressing import compress
from tfprune.compressing.table import outcome
from tfprune.demo.digits import Digits, load_digits, place
from tfprune.demo.measuring import Measured, accuracy, all_notes, kernel_rows, model_rows
from tfprune.demo.networks import small_mobilenet
from tfprune.demo.settings import DemoSettings
from tfprune.demo.training import BLOCK, pruning_schedule, train_dense, train_pruned
from tfprune.demo.variants import VARIANTS, Variant
from tfprune.errors import FileError
from tfprune.export import ConvertResult, convert
from tfprune.inspection import Inspection, inspect
from tfprune.masks import strip_pruning
from tfprune.plan import Plan, plan_pruning
from tfprune.progress import Stages
from tfprune.readiness import PruneForLatencyOnXNNPack
from tfprune.reports import Epoch, RunReport, report
from tfprune.tables import wording
from tfprune.verification import verify

CALIBRATION_SAMPLES = 200


@dataclasses.dataclass(frozen=True)
class Trained:
    """The two plain Keras models of a run, and how they came about."""

    dense: Any
    pruned: Any
    plan: Plan
    epochs: tuple[Epoch, ...]


def run_demo(
    folder: str | os.PathLike[str] = "demo_output", settings: DemoSettings | None = None
) -> RunReport:
    """Train a small network on real digits, prune it to 80 % zeros, and measure every file of it.

    Leaves `dense.keras`, `pruned.keras`, the `.tflite` files, `report.json` and `report.html` in
    `folder`, which is made if need be; and in `compressed` what `tfprune.compress` makes of the
    dense model at half its work. Progress goes to standard error.

    Args:
        folder: Where to write.
        settings: The size of the run; `DemoSettings()` if None.

    Returns:
        The report; `report.json` holds the same.

    Raises:
        MissingExtra: mlxtend, jinja2 or matplotlib is not installed.
        FileError: the folder cannot be written.
        VerificationError: a file does not compute what its Keras model computes.

    Example:
        >>> record = run_demo("demo_output", DemoSettings(epochs=2))     # doctest: +SKIP
    """
    settings = settings or DemoSettings()
    target = _make_folder(folder)
    stages = Stages(total=8 + settings.compress)
    keras.utils.set_random_seed(settings.seed)
    with stages("load the digits") as stage:
        digits = load_digits(settings.digits, settings.seed)
        stage.say(f"{len(digits.train_y)} to train, {len(digits.test_y)} to test")
    trained = _train(stages, digits, settings, target)
    measured = _measure(stages, trained, digits, target)
    with stages("time the files in interleaved rounds") as stage:
        latency = benchmark(
            {m.variant.label: m.converted.path for m in measured}, runs=settings.runs
        )
        stage.say(f"{len(latency.rows)} files")
    with stages("write the report") as stage:
        record = _record(settings, trained, measured, latency, inspect(trained.pruned))
        record.save(target / "report.json")
        stage.say(str(report(record, target / "report.html")))
    if settings.compress:
        _compress(stages, trained.dense, digits, settings, target / "compressed")
    return record


def _compress(
    stages: Stages, dense: Any, digits: Digits, settings: DemoSettings, folder: Path
) -> None:
    """Halve the work of the dense model, within two points; the run's stages say how it goes."""
    result = compress(
        dense,
        (place(digits.train_x), digits.train_y),
        (place(digits.test_x), digits.test_y),
        budget={"macs": 0.5},
        max_drop=0.02,
        out=folder,
        recipe={
            "prune": {"trials": 1, "steps": 1},
            "fine_tune": {"epochs": 2, "batch_size": settings.batch_size, "start": "repaired"},
            "seed": settings.seed,
        },
    )
    with stages("compress the dense model to half its work") as stage:
        stage.say(outcome(result))


def _make_folder(folder: str | os.PathLike[str]) -> Path:
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"make the folder {target}", error.strerror or str(error), "choose another: -o FOLDER"
        ) from error
    return target


def _train(stages: Stages, digits: Digits, settings: DemoSettings, folder: Path) -> Trained:
    dense = small_mobilenet(settings.width)
    plan = plan_pruning(
        dense, pruning_schedule(settings), BLOCK, pruning_policy=PruneForLatencyOnXNNPack()
    )
    with stages(f"train the dense baseline for {settings.epochs} epochs") as stage:
        before = train_dense(dense, digits, settings)
        _save(dense, folder / "dense.keras")
        stage.say(f"{wording.percent(before[-1].val_accuracy)} right")
    with stages(f"prune while training on for {settings.pruning_epochs} epochs") as stage:
        wrapped, after = train_pruned(dense, digits, settings)
        pruned = strip_pruning(wrapped)
        _save(pruned, folder / "pruned.keras")
        sparsity, right = wording.percent(after[-1].sparsity), after[-1].val_accuracy
        stage.say(f"{sparsity} zeros, {wording.percent(right)} right")
    return Trained(dense, pruned, plan, (*before, *after))


def _save(model: Any, path: Path) -> None:
    with files.replacing(path) as temporary:
        model.save(temporary)


def _measure(
    stages: Stages, trained: Trained, digits: Digits, folder: Path
) -> tuple[Measured, ...]:
    calibration = place(digits.train_x[:: max(1, len(digits.train_x) // CALIBRATION_SAMPLES)])
    test = place(digits.test_x)
    models = {"dense": trained.dense, "pruned": trained.pruned}
    with stages(f"convert to {len(VARIANTS)} .tflite files") as stage:
        written = [_convert(models[v.source], v, folder, calibration) for v in VARIANTS]
        smallest = min(w.bytes for w in written)
        stage.say(f"{wording.size(written[0].bytes)} dense, {wording.size(smallest)} smallest")
    with stages("verify each file against Keras") as stage:
        checked = [
            verify(models[v.source], w.path, test[:8])
            for v, w in zip(VARIANTS, written, strict=True)
        ]
        stage.say(f"{sum(len(c.checks) + len(c.kernels) for c in checked)} checks passed")
    with stages(f"classify {len(test)} digits with each file") as stage:
        shares = [accuracy(w.path, test, digits.test_y) for w in written]
        stage.say(" ".join(wording.percent(share) for share in shares))
    rows = zip(VARIANTS, written, checked, shares, strict=True)
    return tuple(Measured(*row) for row in rows)


def _convert(model: Any, variant: Variant, folder: Path, calibration: np.ndarray) -> ConvertResult:
    return convert(
        model,
        folder / variant.file,
        variant.quantize,
        calibration if variant.quantize == "int8" else None,
        sparse=variant.sparse,
    )


def _record(
    settings: DemoSettings,
    trained: Trained,
    measured: Sequence[Measured],
    latency: BenchmarkResult,
    inspection: Inspection,
) -> RunReport:
    pruned = {row.kernel for row in trained.plan.rows if row.rule is not None}
    zeros = wording.percent(settings.sparsity, 0)
    return RunReport(
        title=f"MNIST digits: a small MobileNet, pruned to {zeros} zeros",
        created=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        models=model_rows(measured, latency, pruned),
        kernels=kernel_rows(trained.plan, inspection, measured),
        epochs=trained.epochs,
        host={**latency.host, "runtime": latency.rows[0].runtime},
        settings={
            **dataclasses.asdict(settings),
            "block": list(BLOCK),
            "schedule": repr(pruning_schedule(settings)),
            **latency.settings,
        },
        samples=int(settings.digits // 5),
        notes=(*latency.notes, *all_notes(measured)),
        version=__version__,
    )
