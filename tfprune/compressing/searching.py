"""What widths are chosen by where they are searched: sensitivities, and a table of latencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune.comparing.points import latency_points
from tfprune.compressing.feeding import load_samples
from tfprune.compressing.job import Job, Network, TriedFile
from tfprune.compressing.measuring import given, is_profile
from tfprune.curves import LatencyTable, Sensitivity
from tfprune.errors import FileError, MissingExtra, PruneError
from tfprune.recipes import Recipe
from tfprune.reports.points import PredictedLatency
from tfprune.runs import FinishedStep
from tfprune.search import latency_table, sensitivity
from tfprune.search.timing import PRECISIONS


@dataclass(frozen=True)
class MeasuredWidths:
    """What was measured of a network, for `plan_structured`.

    Args:
        sensitivity: What each group loses.
        latency: What each op takes; None where the budget is no time.
    """

    sensitivity: Sensitivity
    latency: LatencyTable | None


def sensitivity_of(job: Job, network: Network, samples: FinishedStep) -> Sensitivity:
    """Measure what each group of a network loses, once for all budgets, cell by cell resumable."""
    settings = job.recipe.prune

    def do(folder: Path) -> dict[str, Any]:
        model = job.load(network.path)
        job.way.prepare(model)
        found = sensitivity(
            model,
            load_samples(samples.file("samples.npz"), model),
            criterion=job.criterion,
            round_to=settings.round_to,
            keep=settings.keep,
            seed=job.recipe.seed,
            folder=folder / "cells",
        )
        found.save(folder / "sensitivity.json")
        return {"cells": len(found.cells), "seconds": sum(cell.seconds for cell in found.cells)}

    asked = {
        "of": network.done.key,
        "samples": samples.key,
        "way": job.way.key,
        "criterion": job.criterion,
        "round_to": settings.round_to,
        "keep": settings.keep,
        "seed": job.recipe.seed,
    }
    done = job.run.step("sensitivity", asked, do, goes_on=True)
    return Sensitivity.read(done.file("sensitivity.json"))


def timed_on(recipe: Recipe) -> str | None:
    """Return where ops are to be timed: None if no budget is a time, or nobody can be asked."""
    asked, target = given(recipe.budget), recipe.target
    if recipe.prune.widths != "searched" or is_profile(target):
        return None
    if "latency" in asked or "latency_ms" in asked:
        return target
    return "arm64-emulated" if "instructions" in asked else None


def table_of(job: Job, dense: Network, target: str) -> LatencyTable | None:
    """Measure what the ops of the dense model take on a target, once for all its networks.

    None, and a remark, if they cannot be measured: widths are then chosen by MACs.
    """
    settings = job.recipe.prune
    precision = next((p for p in job.recipe.quantize.precisions if p in PRECISIONS), None)
    if precision is None:
        return None

    def do(folder: Path) -> dict[str, Any]:
        found = latency_table(
            job.load(dense.path),
            target=target,
            precision=precision,
            round_to=settings.round_to,
            keep=settings.keep,
        )
        found.save(folder / "latency.json")
        return {"files": found.files}

    asked = {
        "of": dense.done.key,
        "target": target,
        "precision": precision,
        "round_to": settings.round_to,
        "keep": settings.keep,
    }
    try:
        done = job.run.step("latency-table", asked, do, remembers=False)
    except (FileError, MissingExtra):  # the fault of the machine, not of the model
        raise
    except PruneError as error:
        job.stages.remark(f"widths are searched by MACs, not by latency: {error.found}")
        return None
    return LatencyTable.read(done.file("latency.json"))


class Forecast:
    """What a latency table says of networks, corrected by what their files took.

    Args:
        table: The table; None if there is none, and then nothing is said.
        dense: The files of the dense model.

    Attributes:
        table: As corrected last.
        points: What it was fitted to, and what it said of each network before its file was made.
    """

    def __init__(self, table: LatencyTable | None, dense: Sequence[TriedFile]) -> None:
        self.table = table
        self.points: list[PredictedLatency] = [] if table is None else list(latency_points(table))
        self._dense = None if table is None else _share(table, dense)

    def learn(self, network: Network, pruned: FinishedStep, files: Sequence[TriedFile]) -> None:
        """Correct the table by a network's file; nothing is learned where no file was timed.

        The file was timed beside the dense one, later than the table: its share of the dense
        file's time counts, as a part of what that took in the table's visit.
        """
        if self.table is None:
            return
        own = _share(self.table, files)
        if own is None or self._dense is None:
            return
        predicted = pruned.record["plan"]["size"]["latency_after"]
        measured = own / self._dense * self.table.whole[0].measured
        self.points.append(
            PredictedLatency(
                label=network.name, predicted=predicted, measured=measured, unit=self.table.unit
            )
        )
        whole = self.table.whole_file(network.name, predicted, measured)
        self.table = self.table.corrected([whole])


def _share(table: LatencyTable, files: Sequence[TriedFile]) -> float | None:
    """Return the time of the file in the table's format, as a share of the dense float32 one."""
    name = "latency" if table.unit == "ms" else table.unit
    same = [own.usage.get(name) for own in files if own.precision == table.precision]
    return same[0] if same else None
