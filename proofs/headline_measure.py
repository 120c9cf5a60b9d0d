"""What the headline proofs have in common: stages that are kept, and files that are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

import tfprune
from proofs.packages import cache_folder
from proofs.verifying import verified
from tfprune.files import replacing
from tfprune.runners import Runner

Array = NDArray[Any]
ROUNDS, RUNS = 20, 30


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file of a case.

    Args:
        case, seed, file: What it is.
        macs: Multiply-accumulates; zeros count as others do.
        file_bytes, gzip_bytes: Its size, and that of its download.
        median, minimum: How many times as fast as the dense float32 file, of medians and minima.
        right: Share of each test set that it is right on.
        worst: The class that lost most beside the dense file on the first test set.
        worst_lost: How much it lost, from 0 to 1.
        verified: "yes", or what `tfprune.verify` found.
    """

    case: str
    seed: int
    file: str
    macs: int
    file_bytes: int
    gzip_bytes: int
    median: float
    minimum: float
    right: dict[str, float]
    worst: str
    worst_lost: float
    verified: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a case has made.

    Args:
        models: By the label of each file the Keras model that it was converted from, dense first.
        files: The files by the same labels.
        verified: By label, whether each does what its Keras model does.
        tests: By label of a file and name of a test set inputs and classes, which nothing was
            trained on or chosen by.
        classes: Their names.
    """

    models: Mapping[str, Any]
    files: Mapping[str, Path]
    verified: Mapping[str, str]
    tests: Mapping[str, Mapping[str, tuple[Array, Array]]]
    classes: Sequence[str]


class Stages:
    """The trained models of one case and seed, kept on disk, and the files made of them."""

    def __init__(self, case: str, seed: int) -> None:
        self._folder = cache_folder() / "headlines" / f"{case}_{seed}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.models: dict[str, Any] = {}
        self.files: dict[str, Path] = {}
        self.verified: dict[str, str] = {}

    def model(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the kept model of this name, or make it and keep it."""
        path = self._folder / f"{name}.keras"
        if not path.is_file():
            made = make()
            with replacing(path) as temporary:
                made.save(temporary)
            print(f"{path.name} made", flush=True)
        with tfprune.prune_scope():
            return keras.models.load_model(path)

    def convert(self, label: str, model: Any, samples: Array, **settings: Any) -> None:
        """Make the file of this label and compare it with its model."""
        path = self._folder / f"{label.replace(' ', '_').replace(',', '')}.tflite"
        tfprune.convert(model, path, **settings)
        self.models[label], self.files[label] = model, path
        self.verified[label] = verified(model, path, samples)

    def made(self, tests: Callable[[str], Mapping[str, Any]], classes: Sequence[str]) -> Made:
        """Return all files with what they are judged by.

        Args:
            tests: label of a file → by name inputs and classes.
            classes: Their names.
        """
        return Made(
            models=self.models,
            files=self.files,
            verified=self.verified,
            tests={label: tests(label) for label in self.files},
            classes=classes,
        )


def measure(case: str, seed: int, made: Made) -> list[Row]:
    """Time the files in turns on one thread, judge each, and return their rows."""
    timed = tfprune.benchmark(dict(made.files), runs=RUNS, rounds=ROUNDS).rows
    rows: list[Row] = []
    by_class: list[dict[str, float]] = []
    for label, times in zip(made.files, timed, strict=True):
        tests = made.tests[label]
        said = {name: verdicts(made.files[label], x) for name, (x, _) in tests.items()}
        first = next(iter(tests))
        by_class.append(recalls(said[first], tests[first][1], made.classes))
        lost = {name: by_class[0][name] - right for name, right in by_class[-1].items()}
        worst = max(lost, key=lambda name: lost[name])
        rows.append(
            Row(
                case=case,
                seed=seed,
                file=label,
                macs=macs_of(made.models[label]),
                file_bytes=times.bytes,
                gzip_bytes=times.gzip_bytes,
                median=times.ratio,
                minimum=times.ratio_of_minima,
                right={name: float((said[name] == y).mean()) for name, (_, y) in tests.items()},
                worst=worst,
                worst_lost=lost[worst],
                verified=made.verified[label],
            )
        )
        print(rows[-1], flush=True)
    return rows


def beside_dense(rows: Sequence[Row], label: str) -> list[tuple[Row, Row]]:
    """Return the rows of a file, one for each seed, each with that of its dense file.

    Args:
        rows: Of one case; the first of each seed is the dense file's.
        label: The file's.
    """
    dense = {row.seed: row for row in reversed(rows)}
    return [(row, dense[row.seed]) for row in rows if row.file == label]


def verdicts(path: Path, x: Array) -> Array:
    """Return the class that the file gives each sample: the highest score, or one above 0."""
    with Runner(path) as runner:
        [scores] = runner.run_rows([x])
    return scores[:, 0] > 0 if scores.shape[-1] == 1 else scores.argmax(-1)


def recalls(said: Array, y: Array, classes: Sequence[str]) -> dict[str, float]:
    """Return the share of each class that is recognized."""
    return {name: float((said[y == i] == i).mean()) for i, name in enumerate(classes)}


def macs_of(model: Any) -> int:
    """Return the multiply-accumulates of a model, all of whose layers must be known."""
    found = tfprune.counts.count(model).macs
    assert found is not None, f"{model.name} has layers whose work is unknown"
    return int(found)
