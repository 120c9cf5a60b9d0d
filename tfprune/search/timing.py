"""latency_table: what each op of a model takes on a target, at several widths, in one visit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfprune.channels import Group, Structure, trace
from tfprune.curves import LatencyTable, WholeFile
from tfprune.errors import PruneError, near
from tfprune.files import temporary_folder
from tfprune.layer_names import Selectors
from tfprune.notes import Note
from tfprune.precision import in_float32
from tfprune.progress import track
from tfprune.search.small_files import SmallFiles
from tfprune.search.targets import check_target, measure_files
from tfprune.surgery.width_costs import TableCosts
from tfprune.surgery.wishes import own_ratios

PRECISIONS = ("float32", "float16", "dynamic", "int8")
_WHOLE = {"dense": 0.0, "half of each width": 0.5, "a quarter of each width": 0.75}


def latency_table(
    model: Any,
    *,
    target: str = "host",
    precision: str = "float32",
    threads: int = 1,
    round_to: int = 8,
    widths: int = 5,
    keep: Selectors = (),
) -> LatencyTable:
    """Measure what each layer with weights takes on a target, at several widths.

    For each call of such a layer, and each pair of widths that it may read and write, a small
    .tflite file of this call alone is made; files that are the same are made once. All are timed
    in turns, in one visit, with the whole model and two narrower ones, to which the sum over ops
    is fitted.

    Args:
        model: A built Functional or Sequential Keras model, not changed.
        target: "host", "android" or "android:SERIAL" (milliseconds), or "arm64-emulated"
            (instructions).
        precision: "float32", "float16", "dynamic" or "int8", of all files.
        threads: Of the interpreter.
        round_to: Widths are multiples of it; the whole width is always among them.
        widths: At how many widths each side of a call is measured; in between it is linear.
        keep: Layers whose groups stay whole; see `tfprune.layer_names`.

    Returns:
        A `tfprune.curves.LatencyTable`: print it, `save` it for another day, or give it to
        `plan_structured(target="latency", latency=table)`.

    Raises:
        PruneError: an argument is wrong, the model leaves sizes open, nothing can be removed, or
            nothing can be measured there.

    Example:
        >>> table = latency_table(model)                                    # doctest: +SKIP
        >>> table.save("host.json")                                         # doctest: +SKIP
        >>> plan = plan_structured(model, 0.5, target="latency",
        ...                        latency=table)                           # doctest: +SKIP

    A table of latencies by widths of the layers stands in HALP: Shen et al. 2021,
    "Hardware-Aware Latency Pruning", arXiv:2110.10811, section 3.1.
    """
    _check(target, precision, round_to, widths)
    structure, chosen, notes = _prepared(model, keep)
    with temporary_folder() as folder:
        maker = SmallFiles(
            structure,
            chosen,
            Path(folder),
            precision=precision,
            round_to=round_to,
            widths=widths,
        )
        grids = [grid for call in track(maker.calls, "small files") for grid in maker.grids(call)]
        whole = {name: maker.whole(share) for name, share in track(_WHOLE.items(), "whole files")}
        paths = [*maker.paths, *(path for path, _ in whole.values())]
        measured = measure_files(paths, target, threads)
    times = dict(zip(paths, measured.values, strict=True))
    table = LatencyTable(
        subject=str(model.name),
        target=target,
        device=measured.device,
        unit=measured.unit,
        precision=precision,
        threads=threads,
        round_to=round_to,
        ops=tuple(grid.timed(times) for grid in grids),
        files=len(maker.paths),
        notes=(*notes, *measured.notes),
    )
    costs = TableCosts(structure, chosen, table)
    return table.corrected(
        [
            WholeFile(name=name, ops=costs.ops(kept), measured=times[path])
            for name, (path, kept) in whole.items()
        ]
    )


def count_small_files(
    model: Any, *, round_to: int = 8, widths: int = 5, keep: Selectors = ()
) -> int:
    """Return how many small files `latency_table` makes at most, without making any.

    Raises:
        PruneError: as in `latency_table`.
    """
    structure, chosen, _ = _prepared(model, keep)
    maker = SmallFiles(
        structure, chosen, Path(), precision="float32", round_to=round_to, widths=widths
    )
    return sum(map(maker.at_most, maker.calls))


def _prepared(model: Any, keep: Selectors) -> tuple[Structure, list[Group], tuple[Note, ...]]:
    """Return the traced model in float32, the groups whose widths vary, and notes."""
    model, notes = in_float32(model)
    structure = trace(model)
    own = own_ratios(structure, model, 0.5, keep)
    chosen = [
        group
        for group, (share, _) in zip(structure.groups, own, strict=True)
        if group.kept_whole is None and share != 0.0
    ]
    if not chosen:
        found = "no group of units may lose any"
        raise PruneError(f"latencies of {model.name!r}", found, "see plan_structured(model)")
    _check_sizes(model)
    return structure, chosen, tuple(notes)


def _check(target: str, precision: str, round_to: int, widths: int) -> None:
    check_target(target)
    if precision not in PRECISIONS:
        found = f"there is no such format; near is {near(precision, PRECISIONS)}"
        raise PruneError(f"precision={precision!r}", found, 'use "float32" or "int8"')
    for name, value, least in (("round_to", round_to, 1), ("widths", widths, 2)):
        if value < least:
            raise PruneError(f"{name}={value}", f"it is at least {least}", f"{name}={least}")


def _check_sizes(model: Any) -> None:
    """Refuse a model whose inputs have no fixed size: nobody could say how long it takes."""
    for tensor in model.inputs:
        if None in tensor.shape[1:]:
            found = f"its input {tensor.name!r} of shape {tuple(tensor.shape)} leaves sizes open"
            fix = "build the model with fixed sizes"
            raise PruneError(f"latencies of {model.name!r}", found, fix)
