"""evaluate: any Keras metric of a .tflite file or a Keras model, on labelled data."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.data import Batch, Batches, Wanted
from tfprune.data.nested import mapped
from tfprune.errors import PruneError
from tfprune.evaluation.judging import Judge, states_kept
from tfprune.evaluation.predicting import FileSide, Infer, KerasSide, OutputSide
from tfprune.evaluation.result import Evaluation
from tfprune.evaluation.wishes import Wish, by_output, wish_of
from tfprune.keras_files import load_model, settings_in
from tfprune.keras_internals import compiled_settings
from tfprune.notes import Note
from tfprune.progress import track

_ROWS, _BYTES = 1024, 32 * 2**20


def evaluate(
    model: Any,
    data: Any,
    metrics: Any = None,
    *,
    loss: Any = None,
    batch_size: int = 32,
    per_class: bool | Sequence[str] = True,
    like: Any = None,
    threads: int = 1,
    xnnpack: bool = True,
    runtime: str = "auto",
    infer: Infer | None = None,
) -> Evaluation:
    """Measure how right a .tflite file or a Keras model is on labelled data, by any Keras metric.

    A file runs in a process of its own, many samples per message; what its int8 inputs and
    outputs mean is read from its own scales. Metrics and loss are Keras' own, fed with the
    outputs.

    Args:
        model: A `.tflite` file, a `.keras` or `.h5` file, or a built Keras model, not changed.
        data: `(inputs, targets)` or `(inputs, targets, sample weights)` in any form that `fit`
            takes, or a path: docs/data.md.
        metrics: What `compile` takes: names, `keras.metrics` objects, functions; with several
            outputs a dict by name, or a list with an entry for each. Sample weights weigh them.
            By default what the model, or `like`, was compiled with; else what suits labels and
            outputs, and a note says what that was. Objects get their state back.
        loss: Likewise, as `compile` takes it; it stands under `"loss"`, of the data alone.
        batch_size: Rows of a batch where the data does not come in batches.
        per_class: Whether to count right and wrong by class, where outputs are scores of classes;
            names of the classes say so too.
        like: The Keras model that a file was made of, or its `.keras` path: inputs and outputs are
            then joined as `tfprune.verify` joins them, and have its names.
        threads, xnnpack, runtime: Of the interpreter, as in `benchmark`.
        infer: `tfprune.evaluation.predicting.compiled_inference` of the Keras model, which spares
            tracing where it is evaluated again with other weights.

    Returns:
        An `Evaluation`: `result["accuracy"]` and the others by name, `result.per_class`,
        `result.samples`; it prints as a table.

    Raises:
        FileError: a file is missing, foreign or truncated.
        ProcessDied: the interpreter crashed or hung: there is no number.
        PruneError: the data has no targets or is not what the model takes; a metric is unknown.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
        >>> x, y = np.array([[3.0, 1.0], [0.0, 2.0], [5.0, 0.0]]), np.array([0, 1, 1])
        >>> result = evaluate(model, (x, y), ["accuracy"])
        >>> round(result["accuracy"], 3), result.samples
        (0.667, 3)
        >>> [(row.label, row.right, row.samples) for row in result.per_class]
        [('0', 1, 1), ('1', 1, 2)]
    """
    if batch_size < 1:
        raise PruneError(f"batch_size={batch_size}", "a batch has rows", "batch_size=32")
    notes: list[Note] = []
    subject, path, keras_model, settings = _subject(model, like, notes)
    asked = f"evaluate {subject}"
    wish = wish_of(metrics, loss, keras_model, settings, notes)
    began = time.monotonic()
    side: FileSide | KerasSide
    if path is None:
        side = KerasSide(keras_model, asked, notes, infer)
    elif infer is not None:
        raise PruneError(f"{asked} with infer", "a file runs by itself", "leave out infer=")
    else:
        options = {"threads": threads, "xnnpack": xnnpack, "runtime": runtime}
        side = FileSide(path, keras_model, notes, **options)
    try:
        known = (*side.names, *(alias for own in side.aliases for alias in own))
        wanted = Wanted(asked=asked, inputs=side.inputs, outputs=known, batch_size=batch_size)
        batches = Batches(data, wanted)
        source = _gathered(batches) if isinstance(side, FileSide) else batches
        rows = track(source, "evaluating")
        judges, samples = judged(side, rows, wish, asked, notes, bool(per_class))
    finally:
        side.close()
    names = None if isinstance(per_class, bool) else list(per_class)
    return Evaluation(
        subject=subject,
        kind="keras" if path is None else "tflite",
        metrics=together(judges, wish, side.names),
        samples=samples,
        per_class=tuple(row for judge in judges for row in judge.class_rows(names)),
        notes=tuple(dict.fromkeys((*notes, *batches.notes))),
        runtime=side.runtime,
        seconds=time.monotonic() - began,
    )


def _subject(
    model: Any, like: Any, notes: list[Note]
) -> tuple[str, str | None, Any, dict[str, Any]]:
    """Return what is judged in words, its path if it is a .tflite file, a Keras model, settings."""
    is_path = isinstance(model, (str, os.PathLike))
    if is_path and Path(model).suffix not in {".keras", ".h5"}:
        known, settings = (None, {}) if like is None else _keras(like, notes)
        return str(model), str(model), known, settings
    if like is not None:
        found = "a Keras model has names and settings of its own"
        raise PruneError(f"evaluate {model} like another", found, "leave out like=")
    known, settings = _keras(model, notes)
    return str(model) if is_path else str(known.name), None, known, settings


def _keras(model: Any, notes: list[Note]) -> tuple[Any, dict[str, Any]]:
    if isinstance(model, (str, os.PathLike)):
        loaded = load_model(model)
        settings, more = settings_in(model)
        notes += more
        return loaded, settings
    if not callable(getattr(model, "get_weights", None)) or not getattr(model, "built", False):
        raise PruneError(
            f"evaluate an object of type {type(model).__name__}",
            "it is no built Keras model",
            "pass a built Keras model, a .keras file or a .tflite file",
        )
    return model, compiled_settings(model)


def judged(
    side: OutputSide,
    batches: Iterable[Batch],
    wish: Wish,
    asked: str,
    notes: list[Note],
    classes: bool,
) -> tuple[list[Judge], int]:
    """Return what judged each output, all rows added, and how many there were."""
    judges: list[Judge] = []
    samples = 0
    with states_kept(wish.objects()):
        for batch in batches:
            outputs = side.predict(batch.inputs)
            if batch.targets is None:
                fix = (
                    "give it as (inputs, targets), targets by name with like= the Keras model; "
                    "without labels tfprune.verify compares a file with its model"
                )
                raise PruneError(asked, "the data has no targets", fix)
            if not judges:
                judges = _judges(side, wish, asked, notes, classes)
            labels = by_output("targets", batch.targets, side.names, side.aliases)
            weights = by_output("sample weights", batch.weights, side.names, side.aliases)
            for judge, *own in zip(judges, labels, outputs, weights, strict=True):
                if own[0] is not None:
                    judge.add(*own)
            samples += len(batch)
        for judge in judges:
            judge.finish()
        return judges, samples


def _judges(
    side: OutputSide, wish: Wish, asked: str, notes: list[Note], classes: bool
) -> list[Judge]:
    several = len(side.names) > 1
    return [
        Judge(
            name if several else "",
            own,
            asked,
            notes,
            guess=not wish,
            classes=classes,
        )
        for name, own in zip(side.names, wish.split(side.names, side.aliases), strict=True)
    ]


def _gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield batches put together, for a message costs more than a sample."""
    held: list[Batch] = []
    for batch in batches:
        if held and not _alike(held[0], batch):
            yield _whole(held)
            held = []
        held.append(batch)
        size = sum(a.nbytes for own in held for a in own.inputs.values())
        if sum(map(len, held)) >= _ROWS or size >= _BYTES:
            yield _whole(held)
            held = []
    if held:
        yield _whole(held)


def _shapes(nest: Any) -> Any:
    return mapped(lambda array: np.shape(array)[1:], nest)


def _alike(first: Batch, other: Batch) -> bool:
    return all(
        str(_shapes(getattr(first, part))) == str(_shapes(getattr(other, part)))
        for part in ("inputs", "targets", "weights")
    )


def _whole(held: Sequence[Batch]) -> Batch:
    def joined(*arrays: Any) -> Any:
        return np.concatenate(arrays)

    if len(held) == 1:
        return held[0]
    return Batch(
        mapped(joined, *(b.inputs for b in held)),
        mapped(joined, *(b.targets for b in held)),
        mapped(joined, *(b.weights for b in held)),
    )


def together(judges: Sequence[Judge], wish: Wish, names: Sequence[str]) -> dict[str, Any]:
    """Return all metrics by name, as Keras names them: with several outputs theirs come first."""
    if len(judges) == 1:
        return judges[0].results
    found = {f"{judge.name}_{k}": v for judge in judges for k, v in judge.results.items()}
    losses = [found.get(f"{name}_loss") for name in names]
    if not any(loss is not None for loss in losses):
        return found
    weights = by_output("loss weights", wish.loss_weights, names, [()] * len(names))
    pairs = zip(losses, weights, strict=True)
    total = sum(loss * (1.0 if w is None else w) for loss, w in pairs if loss is not None)
    return {"loss": float(total), **found}
