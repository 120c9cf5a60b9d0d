"""Measure models side by side: how right, how large, how fast, what the doctor says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune._version import __version__
from tfprune.android.result import PhoneResult
from tfprune.android.saving import times_in_profile
from tfprune.bench import BenchmarkResult
from tfprune.bench.benchmark import benchmark
from tfprune.bench.instructions import InstructionResult, count_instructions
from tfprune.bench.naming import name_models
from tfprune.comparing.facts import counted, layers_of_model, metric_of
from tfprune.comparing.points import latency_points, sensitivity_points
from tfprune.curves import LatencyTable, Sensitivity
from tfprune.errors import PruneError, VerificationError
from tfprune.evaluation.evaluating import evaluate
from tfprune.evaluation.result import Evaluation
from tfprune.export import convert, doctor
from tfprune.keras_files import load_model
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.reports.comparison import Comparison, ReportedLayer, ReportedModel
from tfprune.reports.points import PredictedLatency, SensitivityPoint, Trial

Results = BenchmarkResult | PhoneResult | InstructionResult


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model under measurement.

    Args:
        label: Its name.
        given: What the user named: a path, or `"a model in memory"`.
        path: The .tflite file that is measured.
        model: The Keras model it is of, None if unknown.
        like: What `evaluate` takes for it: the model, or its path, which knows how it was compiled.
        notes: What is to be said of it.
    """

    label: str
    given: str
    path: str
    model: Any = None
    like: Any = None
    notes: tuple[str, ...] = ()


def compare(
    models: Any,
    data: Any = None,
    metrics: Any = None,
    *,
    loss: Any = None,
    title: str = "Models side by side",
    runs: int = 50,
    threads: int = 1,
    also: Iterable[Results] = (),
    phone: str | os.PathLike[str] | None = None,
    instructions: bool = False,
    trials: Sequence[Trial] = (),
    sensitivity: Sensitivity | Sequence[SensitivityPoint] = (),
    latency: LatencyTable | Sequence[PredictedLatency] = (),
) -> Comparison:
    """Measure models side by side; what cannot be measured is None, with a note.

    Args:
        models: A dict from label to `.tflite` file, `.keras` file or Keras model, or a list of
            paths; the first is what the others are compared with. A Keras model is measured as
            the float32 file that `convert` writes of it.
        data: Labelled data for `tfprune.evaluate`; without, nothing is said of how right they are.
        metrics, loss: As in `tfprune.evaluate`.
        title: The headline.
        runs: Timed runs of each file on this machine; 0 for no times.
        threads: Threads of the interpreter.
        also: Results of `benchmark`, `count_instructions` and `benchmark_android` whose rows bear
            the same labels.
        phone: A profile of `benchmark --android --save-profile`: the phone's times of the files
            that it was made of, known by their hash.
        instructions: Count the instructions of each file on an emulated ARM64 core; it needs
            `tfprune setup-arm64`.
        trials: Other measurements, for the picture.
        sensitivity: What `tfprune.sensitivity` found, or points of one's own; likewise.
        latency: A `tfprune.latency_table`, for its whole files, or predictions of one's own;
            likewise.

    Returns:
        A `Comparison`: it prints as a table, and `tfprune.report` writes it.

    Raises:
        FileError: a file is missing or broken.
        ProcessDied: an interpreter crashed.
        PruneError: there are no models, or labels of `also` are none of theirs.
    """
    with _subjects(models) as subjects:
        timed = list(also)
        paths = {subject.label: subject.path for subject in subjects}
        if instructions:
            timed.append(count_instructions(paths))
        if runs:
            timed.append(
                benchmark(paths, runs=runs, rounds=min(5, runs), threads=threads, per_op=True)
            )
        _check_labels(timed, [subject.label for subject in subjects])
        reported: list[ReportedModel] = []
        notes: list[Note] = []
        for subject in track(subjects, "measuring"):
            row = _measured(subject)
            if data is not None:
                found = _evaluated(subject, subjects, data, metrics, loss)
                row = _with_evaluation(row, found)
            for result in timed:
                row = _with_times(row, result)
            reported.append(row)
        if phone is not None:
            reported, notes = _with_profile(reported, subjects, phone)
    if data is None:
        notes.append(Note("metrics", "no data was given: how right they are is unknown"))
    metric, higher = metric_of(reported)
    for result in timed:
        notes += result.notes
    hosts = [result for result in timed if type(result) is BenchmarkResult]
    return Comparison(
        title=title,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        models=tuple(reported),
        metric=metric,
        higher_is_better=higher,
        trials=tuple(trials),
        sensitivity=sensitivity_points(sensitivity),
        latency=latency_points(latency),
        host=dict(hosts[-1].host) if hosts else {},
        settings=dict(hosts[-1].settings) if hosts else {},
        notes=tuple(dict.fromkeys(notes)),
        version=__version__,
    ).checked()


@contextmanager
def _subjects(models: Any) -> Iterator[list[Subject]]:
    """Yield the models with a file each; files made of Keras models are gone afterwards."""
    named = _named(models)
    with files.temporary_folder() as folder:
        yield [
            _subject(label, model, str(Path(folder, f"{i}.tflite")))
            for i, (label, model) in enumerate(named.items())
        ]


def _named(models: Any) -> dict[str, Any]:
    if isinstance(models, Mapping):
        named = {str(label): model for label, model in models.items()}
        if not named:
            found = "there are none"
            raise PruneError("report on models", found, 'report({"dense": "a.tflite"}, data=...)')
        return named
    if callable(getattr(models, "get_weights", None)):
        return {str(models.name): models}
    if not all(isinstance(model, (str, os.PathLike)) for model in _listed(models)):
        found = "a list of models has no names"
        raise PruneError("report on models", found, 'report({"dense": model, "small": small})')
    return dict(name_models(models))


def _listed(models: Any) -> Sequence[Any]:
    return [models] if isinstance(models, (str, os.PathLike)) else list(models)


def _subject(label: str, model: Any, path: str) -> Subject:
    is_path = isinstance(model, (str, os.PathLike))
    given = str(model) if is_path else "a model in memory"
    if is_path and Path(model).suffix not in {".keras", ".h5"}:
        return Subject(label=label, given=given, path=given)
    keras_model = load_model(model) if is_path else model
    made = convert(keras_model, path, sparse=False)
    note = "a Keras model: measured as the float32 .tflite file that convert writes of it"
    notes = (note, *(str(n) for n in made.notes if "sparse=False" not in n.reason))
    return Subject(label=label, given=given, path=path, model=keras_model, like=model, notes=notes)


def _measured(subject: Subject) -> ReportedModel:
    """Return what is known of a file without running it."""
    row = counted(subject.label, subject.given, subject.path, subject.notes)
    if subject.model is not None:
        row = replace(row, layers=layers_of_model(subject.model))
    diagnosis = doctor(subject.path)
    return replace(row, verdict=diagnosis.verdict, reason=diagnosis.reason)


def _evaluated(
    subject: Subject, subjects: Sequence[Subject], data: Any, metrics: Any, loss: Any
) -> Evaluation:
    """Evaluate a file by the names of its own Keras model, else of the first one that fits."""
    for other in (subject, *subjects):
        if other.like is None:
            continue
        try:
            return evaluate(subject.path, data, metrics, loss=loss, like=other.like)
        except VerificationError:  # it is another model's file
            if other is subject:
                raise
    return evaluate(subject.path, data, metrics, loss=loss)


def _with_evaluation(row: ReportedModel, found: Evaluation) -> ReportedModel:
    numbers = {name: value for name, value in found.metrics.items() if isinstance(value, float)}
    several = [name for name in found.metrics if name not in numbers]
    more = [f"the metric {name!r} is several numbers: not shown" for name in several]
    return replace(
        row,
        metrics=numbers,
        samples=found.samples,
        per_class=found.per_class,
        notes=(*row.notes, *map(str, found.notes), *more),
    )


def _with_times(row: ReportedModel, result: Results) -> ReportedModel:
    own: Any = next((own for own in result.rows if own.label == row.label), None)
    if own is None:
        return row
    if isinstance(result, InstructionResult):
        return replace(row, instructions=own.instructions)
    if isinstance(result, PhoneResult):
        return replace(row, phone_ms=own.median_ms, checks=(*row.checks, *own.checks))
    ops = tuple(ReportedLayer(name=op.name, median_us=op.median_us) for op in own.per_op or ())
    return replace(
        row,
        median_ms=own.median_ms,
        p10_ms=own.p10_ms,
        p90_ms=own.p90_ms,
        ratio=own.ratio,
        peak_memory_bytes=own.peak_memory_bytes,
        ops=ops,
    )


def _with_profile(
    rows: Sequence[ReportedModel], subjects: Sequence[Subject], profile: str | os.PathLike[str]
) -> tuple[list[ReportedModel], list[Note]]:
    """Return the rows with the times of a phone, and a note for each model it has not timed."""
    times = times_in_profile(profile)
    found, notes = [], []
    for row, subject in zip(rows, subjects, strict=True):
        own = times.get(hashlib.sha256(files.read_bytes(subject.path)).hexdigest())
        if own is None:
            notes.append(Note(row.label, f"{profile} has no time of this very file"))
        found.append(row if own is None else replace(row, phone_ms=own))
    return found, notes


def _check_labels(results: Sequence[Results], labels: Sequence[str]) -> None:
    for result in results:
        unknown = [row.label for row in result.rows if row.label not in labels]
        if unknown:
            raise PruneError(
                f"report with measurements of {', '.join(unknown)}",
                f"the models are {', '.join(labels)}",
                "give the same labels to both",
            )
