"""Steps that make files of a network, judge them and measure them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.compressing.feeding import load_samples
from tfprune.compressing.fitting import Lessons, clear
from tfprune.compressing.floor import Bar
from tfprune.compressing.job import Job, Network, TriedFile
from tfprune.compressing.measuring import MEASURED, given, is_profile, measure, missed, sizes
from tfprune.errors import FileError, MissingExtra, PruneError
from tfprune.export import convert, doctor
from tfprune.keras_files import save_model
from tfprune.runs import FinishedStep

_CALIBRATED = ("int8",)


def trials_of(
    job: Job, dense: Network, network: Network, samples: FinishedStep, bar: Bar
) -> Iterator[TriedFile]:
    """Yield a trial for each precision; an int8 file that is below the floor is tried again.

    First the layers that lose most stay float, then the network is trained with int8 arithmetic.
    """
    settings = job.recipe.quantize
    for precision in settings.precisions:
        trial = _trial(job, dense, network, samples, bar, precision, settings.keep_float)
        if trial is not None:
            yield trial
        elif precision == "float32":  # what has no float file has no other
            return
        missed_it = trial is None or not (trial.passed and trial.verified)
        if precision == "int8" and missed_it and bar.passed(network.metrics):
            yield from _int8_again(job, dense, network, samples, bar)


def _int8_again(
    job: Job, dense: Network, network: Network, samples: FinishedStep, bar: Bar
) -> Iterator[TriedFile]:
    settings = job.recipe.quantize
    worst = _worst_layers(job, network, samples)
    if worst:
        kept = (*settings.keep_float, *worst)
        how = f"{', '.join(worst)} kept float"
        trial = _trial(job, dense, network, samples, bar, "int8", kept, how=how)
        if trial is not None:
            yield trial
            if trial.passed and trial.verified:
                return
    if settings.train_epochs and job.way.trains:
        aware = _aware(job, network, bar)
        how = "trained with int8 arithmetic"
        trial = _trial(job, dense, network, samples, bar, "int8", (), aware=aware, how=how)
        if trial is not None:
            yield trial


def _worst_layers(job: Job, network: Network, samples: FinishedStep) -> list[str]:
    """Return the layers that are worth keeping float; none if that cannot be found out."""
    from tfprune.ablation import quantization_errors

    def do(folder: Path) -> dict[str, Any]:
        model = job.load(network.path)
        inputs = load_samples(samples.file("samples.npz"), model)[0]
        return {"layers": list(quantization_errors(model, inputs).suggestion)}

    try:
        done = job.run.step("int8-errors", {"of": network.done.key, "samples": samples.key}, do)
    except PruneError:
        return []
    layers: list[str] = done.record["layers"]
    return layers


def _aware(job: Job, network: Network, bar: Bar) -> FinishedStep:
    """Train a network with int8 arithmetic."""
    from tfprune.quantization import quantize_model

    epochs, seed = job.recipe.quantize.train_epochs, job.recipe.seed
    kept = job.recipe.quantize.keep_float

    def do(folder: Path) -> dict[str, Any]:
        with job.scope():
            model = quantize_model(job.load(network.path), keep_float=kept)
            lessons = Lessons(
                epochs=epochs,
                until=epochs,
                better=bar.better,
                seed=seed,
                folder=folder,
                trained_only=True,
            )
            metrics = job.way.train(model, lessons)
        save_model(model, folder / "model.keras")
        return {"epochs": metrics}

    asked = {"from": network.done.key, "way": job.way.key, "epochs": epochs, "keep": kept}
    settings = {"rate": job.recipe.fine_tune.learning_rate, "seed": seed, "metric": bar.metric}
    done = job.run.step("int8-trained", {**asked, **settings}, do, goes_on=True)
    clear(done.folder)
    return done


def _trial(
    job: Job,
    dense: Network,
    network: Network,
    samples: FinishedStep,
    bar: Bar,
    precision: str,
    keep_float: tuple[str, ...],
    aware: FinishedStep | None = None,
    how: str = "",
) -> TriedFile | None:
    """Convert, judge and measure; None if no such file can be made, which the run remembers."""
    source = network.path if aware is None else aware.file("model.keras")

    def do(folder: Path) -> dict[str, Any]:
        model, path = job.load(source), folder / "model.tflite"
        if network is dense and precision == "float32":  # is there
            files.write_bytes(path, files.read_bytes(dense.done.file("model.tflite")))
        else:
            _converted(model, path, precision, keep_float, samples, aware is None)
        verified = _verified(model, path, samples)
        return {
            "verified": verified,
            "verdict": doctor(path).verdict,
            "metrics": job.way.judge(path, like=model),
            "sizes": sizes(path),
        }

    asked = {
        "from": network.done.key if aware is None else aware.key,
        "samples": samples.key,
        "way": job.way.key,
        "precision": precision,
        "keep_float": keep_float,
    }
    try:
        done = job.run.step("file", asked, do)
    except (FileError, MissingExtra):  # the fault of the machine, not of the file
        raise
    except PruneError as error:
        job.stages.remark(f"no {precision} file of {network.name}: {error.found}")
        return None
    cost = _cost(job, dense, done)
    known = {"params": network.params, "macs": network.macs}
    usage = {**_shares(dense, done), **cost["usage"], **known}
    usage = {name: value for name, value in usage.items() if value is not None}
    metrics = done.record["metrics"]
    return TriedFile(
        network=network.name,
        path=str(done.file("model.tflite")),
        keras_path=str(network.path),
        precision=precision,
        metrics=metrics,
        usage=usage,
        over=missed(job.recipe.budget, usage),
        passed=bar.passed(metrics),
        verified=done.record["verified"] and cost["right"],
        verdict=done.record["verdict"],
        how=how,
    )


def _converted(
    model: Any,
    path: Path,
    precision: str,
    keep: tuple[str, ...],
    samples: FinishedStep,
    calibrate: bool,
) -> None:
    quantize = None if precision == "float32" else precision
    data = None
    if precision in _CALIBRATED and calibrate:
        data = load_samples(samples.file("samples.npz"), model)[0]
    kept = keep if precision in _CALIBRATED and calibrate else ()
    convert(model, path, quantize, data, keep_float=kept)


def _verified(model: Any, path: Path, samples: FinishedStep) -> bool:
    from tfprune.verification.verify import verify

    inputs = load_samples(samples.file("samples.npz"), model)[0]
    return verify(model, path, inputs, raise_on_failure=False).passed


def _cost(job: Job, dense: Network, made: FinishedStep) -> dict[str, Any]:
    """Measure a file on the target; what stands in the way there is an error, each time anew."""
    instructions = job.recipe.budget.instructions is not None

    def do(folder: Path) -> dict[str, Any]:
        places = dense.done.file("model.tflite"), made.file("model.tflite")
        return measure(*places, job.recipe.target, instructions)

    place = job.recipe.target
    target = Path(place) if is_profile(place) else place  # of a profile the content counts
    where = {"target": target, "instructions": instructions}
    asked = {"file": made.key, "dense": dense.done.key, **where}
    return job.run.step("measured", asked, do, remembers=False).record


def _shares(dense: Network, made: FinishedStep) -> dict[str, float]:
    whole = dense.done.record["sizes"]
    return {name: size / whole[name] for name, size in made.record["sizes"].items()}


def costs_at(
    job: Job, dense: Network, samples: FinishedStep, plan: Any, precision: str
) -> dict[str, float | None] | None:
    """Return what an untrained network of a plan would cost: as much as a trained one.

    None if no such file can be made.
    """
    budget, size = given(job.recipe.budget), plan.size
    usage: dict[str, float | None] = {
        "params": size.params_after / size.params,
        "macs": None if size.macs is None else size.macs_after / size.macs,
    }
    if set(budget) <= {"params", "macs"}:
        return usage

    def do(folder: Path) -> dict[str, Any]:
        model, path = plan.apply(), folder / "model.tflite"
        _converted(model, path, precision, job.recipe.quantize.keep_float, samples, True)
        return {"sizes": sizes(path)}

    widths = {row.group: row.after for row in plan.rows}
    asked = {"dense": dense.done.key, "widths": widths, "precision": precision}
    try:
        done = job.run.step("width", {**asked, "samples": samples.key}, do)
    except (FileError, MissingExtra):
        raise
    except PruneError:
        return None
    usage.update(_shares(dense, done))
    if set(budget) & set(MEASURED):
        usage.update(_cost(job, dense, done)["usage"])
    return usage
