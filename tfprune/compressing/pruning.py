"""Steps that make networks: the dense one, smaller ones, and the training of each."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfprune.compressing.feeding import load_samples, samples_of, save_samples
from tfprune.compressing.fitting import Lessons
from tfprune.compressing.floor import Bar
from tfprune.compressing.job import Job, Network
from tfprune.compressing.measuring import sizes
from tfprune.compressing.planning import judge_of, plan_at
from tfprune.compressing.settling import settled_if_better, settling
from tfprune.compressing.way import Metrics
from tfprune.counts import count
from tfprune.curves import LatencyTable
from tfprune.errors import FileError, PruneError, PruneWarning
from tfprune.export import convert
from tfprune.graph import inputs_of
from tfprune.keras_files import save_model
from tfprune.repairing.recalibrate import recalibrate
from tfprune.runs import FinishedStep, digest


def draw_samples(job: Job) -> FinishedStep:
    """Draw the samples that networks are judged, repaired and calibrated by."""
    wanted, seed = job.recipe.prune.samples, job.recipe.seed

    def do(folder: Path) -> dict[str, Any]:
        batch, seen = samples_of(job.train, job.model, wanted, seed, f"compress {job.model.name!r}")
        save_samples(batch, folder / "samples.npz")
        return {"samples": len(batch), "of": seen, "labels": batch.targets is not None}

    asked = {"data": job.data_word, "inputs": job.model_word.inputs, "count": wanted, "seed": seed}
    return job.run.step("samples", asked, do)


def dense_network(job: Job) -> Network:
    """Judge and convert the model as it came."""

    def do(folder: Path) -> dict[str, Any]:
        _check_saved(job, folder / "model.keras")
        convert(job.model, folder / "model.tflite")
        counts = count(job.model)
        metrics = job.way.judge(job.model)
        return {
            "metrics": metrics,
            "inputs": [own.name for own in inputs_of(job.model) or ()],
            "params": counts.params,
            "macs": counts.macs,
            "sizes": sizes(folder / "model.tflite"),
        }

    done = job.run.step("dense", {"model": job.model_word.key, "way": job.way.key}, do)
    known = None if done.record["macs"] is None else 1.0
    return Network(done=done, notch=0, metrics=done.record["metrics"], macs=known, params=1.0)


def _check_saved(job: Job, path: Path) -> None:
    """Save the model, and see now, not after an hour, that it can be loaded."""
    save_model(job.model, path)
    try:
        job.load(path)
    except FileError as error:
        raise PruneError(
            f"compress {job.model.name!r}",
            f"a run saves its networks and loads them again, and of this one {error.found}",
            "give layers of your own a get_config that returns the arguments of their __init__",
        ) from error


def smaller_network(
    job: Job, network: Network, notch: int, samples: FinishedStep, table: LatencyTable | None
) -> FinishedStep:
    """Prune a network to a notch, repaired on the samples and recalibrated on them."""
    asked = {
        "from": network.done.key,
        "samples": samples.key,
        "notch": notch,
        "prune": _settings(job.recipe.prune, but=("steps", "trials", "samples")),
        "criterion": job.criterion,
    }
    if table is not None:
        asked["latency"] = digest(table.to_dict())

    def do(folder: Path) -> dict[str, Any]:
        model = job.load(network.path)
        inputs = load_samples(samples.file("samples.npz"), model)[0]
        judge = judge_of(job, network, model, samples, table)
        plan = plan_at(job, network, model, notch, judge)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", PruneWarning)
            save_model(plan.apply(repair_on=inputs), folder / "repaired.keras")
            save_model(recalibrate(plan.apply(), inputs), folder / "recalibrated.keras")
        notes = [str(w.message) for w in said if issubclass(w.category, PruneWarning)]
        return {"plan": plan.to_dict(), "notes": notes}

    return job.run.step("pruned", asked, do)


def _settings(section: Any, but: tuple[str, ...] = ()) -> dict[str, Any]:
    return {n: getattr(section, n) for n in section.__struct_fields__ if n not in but}


def trained_network(
    job: Job,
    dense: Network,
    pruned: FinishedStep,
    samples: FinishedStep,
    notch: int,
    epochs: int,
    bar: Bar,
) -> Network:
    """Train a smaller network, from the start that is better after one epoch."""
    settings, seed = job.recipe.fine_tune, job.recipe.seed
    asked = {
        "from": pruned.key,
        "way": job.way.key,
        "fine_tune": _settings(settings, but=("epochs", "loss", "metrics", "optimizer")),
        "epochs": epochs,
        "seed": seed,
        "metric": bar.metric,
    }

    def do(folder: Path) -> dict[str, Any]:
        settle = settling(job, samples)
        lessons = Lessons(
            epochs=epochs,
            until=epochs,
            better=bar.better,
            seed=seed,
            folder=folder,
            settle=settle,
        )
        model, chosen, found = _trained_from(job, pruned, settings.start, lessons)
        best = bar.best(found[chosen], lambda metrics: metrics)
        model, best, settled = settled_if_better(job, model, settle, best, bar)
        save_model(model, folder / "model.keras")
        counts = count(model)
        return {
            "start": chosen,
            "epochs": found,
            "recalibrated": settled,
            "metrics": {n: v for n, v in best.items() if not n.startswith("train_")},
            "params": counts.params,
            "macs": counts.macs,
        }

    done = job.run.step("trained", asked, do, goes_on=True)
    for start in ("repaired", "recalibrated"):  # what was needed to go on
        shutil.rmtree(done.file(start), ignore_errors=True)
    record, whole = done.record, dense.done.record
    return Network(
        done=done,
        notch=notch,
        metrics=record["metrics"],
        macs=None if whole["macs"] is None else record["macs"] / whole["macs"],
        params=record["params"] / whole["params"],
    )


def _trained_from(
    job: Job, pruned: FinishedStep, start: str, lessons: Lessons
) -> tuple[Any, str, dict[str, list[Metrics]]]:
    """Train from one start, or from that which is better after one epoch of each.

    Returns:
        The network, the start it was trained from, and the metrics of each start.
    """
    if start != "better":
        model, metrics = _trained(job, pruned, start, lessons)
        return model, start, {start: metrics}
    first = replace(lessons, until=min(1, lessons.epochs))
    found = {each: _trained(job, pruned, each, first)[1] for each in ("repaired", "recalibrated")}
    repaired_is_worse = lessons.better(found["recalibrated"][-1], found["repaired"][-1])
    chosen = "recalibrated" if repaired_is_worse else "repaired"
    model, found[chosen] = _trained(job, pruned, chosen, lessons)
    return model, chosen, found


def _trained(
    job: Job, pruned: FinishedStep, start: str, lessons: Lessons
) -> tuple[Any, list[Metrics]]:
    """Train from one start, or go on with it; return the network as it was at its best."""
    lessons = replace(lessons, folder=lessons.folder / start)
    lessons.folder.mkdir(exist_ok=True)
    with job.scope():
        model = job.load(pruned.file(f"{start}.keras"))
        return model, job.way.train(model, lessons)
