"""rehearse: what a recipe would do, and about how long, measured on a few batches."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tfprune import files
from tfprune.compressing.feeding import load_samples, samples_of, save_samples
from tfprune.compressing.measuring import given, unreachable
from tfprune.compressing.request import prepared
from tfprune.compressing.searching import timed_on
from tfprune.compressing.way import TrainingWay
from tfprune.counts import count
from tfprune.export import convert
from tfprune.keras_files import load_model, save_model
from tfprune.notes import Note
from tfprune.recipes import Recipe
from tfprune.search.preparing import count_cells
from tfprune.search.timing import count_small_files
from tfprune.tables import Shown

_TIMED = 3
_CELL = 0.3
"""Seconds of a cell of sensitivity beside its samples, which take about what training does."""
_SMALL_FILE = 0.5
"""Seconds to make and time one."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One kind of work of a run.

    Args:
        what: In words.
        times: At most how often.
        seconds: About how long each takes here.
    """

    what: str
    times: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Rehearsal(Shown):
    """What would happen.

    Args:
        stretches: The work, in order.
        facts: What was found of model and data.
        notes: What a reader should know.
    """

    stretches: tuple[Stretch, ...]
    facts: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    @property
    def seconds(self) -> float:
        """At most about how long all of it takes."""
        return sum(own.times * own.seconds for own in self.stretches)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.compressing.table import rehearsal_table

        return rehearsal_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return {**asdict(self), "seconds": self.seconds}


def rehearse(
    model: Any = None,
    train: Any = None,
    validation: Any = None,
    *,
    recipe: Recipe | Mapping[str, Any] | None = None,
    **settings: Any,
) -> Rehearsal:
    """Say what `compress` would do with the same arguments, and about how long it would take.

    Nothing is written. A few batches are trained on a copy and one file is made to take the time.

    Raises:
        PruneError: what `compress` would raise for its arguments, the model and the data.
    """
    model, train, recipe, way, labels = prepared(model, train, validation, recipe, **settings)
    batch, rows = samples_of(
        train, model, recipe.fine_tune.batch_size, recipe.seed, f"rehearse {model.name!r}"
    )
    with files.temporary_folder() as folder:
        save_model(model, folder / "model.keras")
        save_samples(batch, folder / "samples.npz")
        copy = load_model(folder / "model.keras")
        way.prepare(copy)
        step = _step(copy, load_samples(folder / "samples.npz", copy)) if copy.compiled else None
        start = time.perf_counter()
        convert(model, folder / "model.tflite")
        file = time.perf_counter() - start
    start = time.perf_counter()
    way.judge(model)
    judge = time.perf_counter() - start
    return _told(model, recipe, labels, way, rows, step, file, judge)


def _step(model: Any, data: tuple[Any, Any, Any]) -> float:
    x, y, weights = data
    model.train_on_batch(x, y, weights)  # compiles
    start = time.perf_counter()
    for _ in range(_TIMED):
        model.train_on_batch(x, y, weights)
    return (time.perf_counter() - start) / _TIMED


def _told(
    model: Any,
    recipe: Recipe,
    labels: bool,
    way: TrainingWay,
    rows: int,
    step: float | None,
    file: float,
    judge: float,
) -> Rehearsal:
    counts, trials, settings = count(model), recipe.prune.trials, recipe.fine_tune
    macs = "unknown" if counts.macs is None else f"{counts.macs:,}"
    asked = ", ".join(f"{n} {v:g}" for n, v in given(recipe.budget).items()) or "none"
    facts = (
        f"{model.name}: {counts.params:,} parameters, {macs} MACs",
        f"{rows:,} training samples, {'with' if labels else 'without'} labels",
        f"budget: {asked}; files are timed on {recipe.target}",
    )
    work = [Stretch(what="judge a network or a file", times=2 + 3 * trials, seconds=judge)]
    notes = []
    epochs = settings.epochs + (1 if settings.start == "better" and settings.epochs else 0)
    if way.trains and epochs and step is not None:
        seconds = step * -(-rows // settings.batch_size) + judge
        work.append(Stretch(what="epoch of training", times=epochs * trials, seconds=seconds))
    elif way.trains and epochs:
        notes.append(Note(model.name, "how long fit(model, epochs) takes is not known"))
    if recipe.prune.widths == "searched" and way.knows_loss and step is not None:
        cells = count_cells(model, round_to=recipe.prune.round_to, keep=recipe.prune.keep)
        seconds = _CELL + step * recipe.prune.samples / settings.batch_size
        work.append(Stretch(what="cell of sensitivity", times=cells * trials, seconds=seconds))
        if timed_on(recipe) is not None:
            made = count_small_files(model, round_to=recipe.prune.round_to, keep=recipe.prune.keep)
            work.append(Stretch(what="small file of an op", times=made, seconds=_SMALL_FILE))
    away = unreachable(recipe.target)
    if away is not None:
        notes.append(Note(recipe.target, f"as things are it cannot be reached: {away}"))
    formats = len(recipe.quantize.precisions)
    work.append(
        Stretch(what="convert and time a file", times=formats * (6 + trials), seconds=2 * file)
    )
    return Rehearsal(stretches=tuple(work), facts=facts, notes=tuple(notes))
