"""sensitivity: what a model loses when one group alone loses units, repaired and not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tfprune.allocate import check_ratio
from tfprune.curves import Sensitivity, SensitivityCell
from tfprune.errors import PruneError, near
from tfprune.evaluation.deciding_metric import deciding_metric
from tfprune.files import temporary_folder
from tfprune.layer_names import Selectors
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.runs import Run
from tfprune.search.cells import Cells
from tfprune.search.preparing import RATIOS, prepared, widths_of

BY = ("loss", "disagreement")


def sensitivity(
    model: Any,
    data: Any,
    *,
    ratios: Sequence[float] = RATIOS,
    repair: bool | Literal["both"] = True,
    criterion: Any = "l2",
    by: str = "loss",
    metrics: Any = None,
    loss: Any = None,
    samples: int = 512,
    repair_samples: int = 128,
    round_to: int = 1,
    keep: Selectors = (),
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> Sensitivity:
    """Measure loss and metrics of a model with each of its groups pruned alone, at several ratios.

    One cell is one group without a share of its units, all others whole; the kernels that read it
    are refitted to what the model computes (`tfprune.repairing`), for networks are repaired before
    they are trained. A model that is walked through once lends each cell what comes before its
    group, so that a cell costs the rest of the model, for `samples` samples.

    Args:
        model: A built Functional or Sequential Keras model, not changed.
        data: Labelled data in any form that `fit` takes, or a path: docs/data.md. Samples are drawn
            from all of it.
        ratios: Shares of a group's units that go.
        repair: True; False for networks that are only sliced; "both" for both.
        criterion: What ranks the units of a group, as in `plan_structured`; "taylor", "fisher",
            "relevance" and "activation" judge by the samples.
        by: What widths are to be chosen by: "loss", or "disagreement" with the model's own outputs,
            Σ (y - y₀)² / Σ (y₀ - mean)². Both are measured.
        metrics: As in `tfprune.evaluate`; by default those the model was compiled with.
        loss: Likewise; it must be known.
        samples: Labelled samples to judge on.
        repair_samples: Others, whose labels are not looked at, to refit kernels on.
        round_to: Widths are multiples of it.
        keep: Layers whose groups are not measured; see `tfprune.layer_names`.
        seed: What draws the samples.
        folder: A folder of finished cells, which are not measured again: a killed call goes on
            where it was, and more ratios cost only the new ones.

    Returns:
        A `tfprune.curves.Sensitivity`: print it, `save` it, or give it to `plan_structured`.

    Raises:
        PruneError: the model or the data is unfit, there are no labels or no loss, or an argument
            is wrong.
        FileError: the folder cannot be written.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
        >>> layers = [keras.layers.Dense(8, "relu", name="a"), keras.layers.Dense(1, name="b")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> found = sensitivity(model, (x, x[:, :1]), ratios=[0.5], loss="mse", repair_samples=20)
        >>> [(cell.group, cell.width, cell.units) for cell in found.cells]
        [('a', 4, 8)]
        >>> found.rise("a", 8)
        0.0

    Pruning one layer at a time is a layer-wise sensitivity analysis as in Li et al. 2017, "Pruning
    Filters for Efficient ConvNets", arXiv:1608.08710, section 3.2.
    """
    _check(ratios, repair, by, samples, repair_samples)
    wish = {"metrics": metrics, "loss": loss}
    job = prepared(model, data, criterion, wish, (samples, repair_samples), keep, seed)
    told = list(job.notes)
    asked: list[dict[str, Any]] = [
        {"group": key, "ratio": float(ratio), "width": width, "units": group.size, "repaired": kind}
        for key, group in job.groups
        for kind in {True: (True,), False: (False,), "both": (True, False)}[repair]
        for ratio, width in widths_of(group, sorted(ratios), round_to)
    ]
    with _kept_in(folder) as run:
        dense = run.step("dense", {"of": job.word}, lambda _: job.cells.dense()).record
        if "loss" not in dense:
            fix = 'compile the model, or give loss="sparse_categorical_crossentropy" or the like'
            found = "nobody says which loss it has"
            raise PruneError(f"measure the sensitivity of {model.name!r}", found, fix)
        cells = []
        for cell in track(asked, "sensitivity"):
            about = {"of": job.word, **{n: cell[n] for n in ("group", "width", "repaired")}}
            record = dict(run.step("cell", about, partial(_measure, job.cells, cell)).record)
            told += [Note(*note) for note in record.pop("notes")]
            cells.append(SensitivityCell(**cell, **record))
    return Sensitivity(
        subject=str(model.name),
        metric=deciding_metric(dense),
        dense=dense,
        cells=tuple(cells),
        order=job.order,
        criterion=job.criterion,
        samples=job.samples,
        by=by,
        repair_samples=repair_samples if repair else 0,
        notes=tuple(dict.fromkeys(told)),
    )


def _check(
    ratios: Sequence[float], repair: Any, by: str, samples: int, repair_samples: int
) -> None:
    if not ratios:
        raise PruneError("ratios=()", "nothing would be measured", f"ratios={RATIOS}")
    for ratio in ratios:
        check_ratio("ratios", ratio)
    if repair not in (True, False, "both"):
        raise PruneError(f"repair={repair!r}", "it is none of the three", 'True, False or "both"')
    if by not in BY:
        raise PruneError(f"by={by!r}", f"near is {near(by, BY)}", 'by="loss"')
    for name, count, least in (("samples", samples, 1), ("repair_samples", repair_samples, 10)):
        if count < least:
            raise PruneError(f"{name}={count}", f"at least {least} are needed", f"{name}=128")


def _measure(cells: Cells, cell: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return cells.measure(cell)


@contextlib.contextmanager
def _kept_in(folder: str | os.PathLike[str] | None) -> Iterator[Run]:
    """Yield the run that keeps cells: in the user's folder, or in one that goes."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(temporary_folder()) if folder is None else folder
        yield stack.enter_context(Run(place).at_work())
