"""Sensitivity: what a model loses when one group alone loses units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.curves.records import SavedRecord
from tfprune.errors import PruneError, near
from tfprune.notes import Note


@dataclass(frozen=True, kw_only=True)
class SensitivityCell:
    """One measurement: one group without a share of its units, all others whole.

    Args:
        group: The group, by the layer that produces it.
        ratio: The share of its units that was asked to go.
        width: How many units stayed.
        units: How many there are.
        repaired: Whether the kernels that read the group were refitted.
        metrics: What the network was right on, "loss" among them.
        seconds: What the measurement took.
    """

    group: str
    ratio: float
    width: int
    units: int
    repaired: bool
    metrics: dict[str, float]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity(SavedRecord):
    """Loss and metrics of a model with each of its groups pruned alone; `print` shows a table.

    Args:
        subject: The model's name.
        metric: The metric that decides.
        dense: Metrics of the model as it is, "loss" among them.
        cells: All measurements.
        order: Group → its units in the order in which they went, the first first.
        criterion: What ranked them.
        samples: Labelled samples that were judged on.
        repair_samples: Others, that kernels were refitted on.
        by: What curves are of: "loss", or "disagreement" with the model's own outputs.
        notes: What a reader should know.
    """

    subject: str
    metric: str
    dense: dict[str, float]
    cells: tuple[SensitivityCell, ...]
    order: dict[str, tuple[int, ...]]
    criterion: str
    samples: int
    repair_samples: int
    by: str = "loss"
    notes: tuple[Note, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that were measured, in the model's order."""
        return tuple(dict.fromkeys(cell.group for cell in self.cells))

    @property
    def repaired(self) -> bool:
        """Whether curves are those of repaired networks: they are where there are any."""
        return any(cell.repaired for cell in self.cells)

    def curve(self, group: str, repaired: bool | None = None) -> list[tuple[int, float]]:
        """Return (units that stay, rise of `by`), monotone, the whole group first.

        A noisy measurement that found a narrower network better is raised to that of the wider
        one: the running maximum over the units that went, at least 0.

        Args:
            group: One of `groups`.
            repaired: Of repaired networks or of sliced ones; None for the former if there are any.

        Raises:
            PruneError: the group was not measured.
        """
        kind = self.repaired if repaired is None else repaired
        cells = [c for c in self.cells if c.group == group and c.repaired == kind]
        if not cells:
            found = f"it was not measured; near is {near(group, self.groups)}"
            raise PruneError(f"the sensitivity of {group!r}", found, "measure the model again")
        cells = sorted(cells, key=lambda cell: -cell.width)
        rises = [cell.metrics[self.by] - self.dense[self.by] for cell in cells]
        rises = [float("inf") if np.isnan(rise) else rise for rise in rises]
        monotone = np.maximum.accumulate([0.0, *rises]).tolist()
        return list(zip([cells[0].units, *(c.width for c in cells)], monotone, strict=True))

    def rise(self, group: str, width: int, repaired: bool | None = None) -> float:
        """Return by how much the loss (or `by`) grows when so many units stay.

        Linear between measurements; below the narrowest it goes on as between the last two.

        Example:
            >>> cell = SensitivityCell(group="a", ratio=0.5, width=4, units=8, repaired=True,
            ...                        metrics={"loss": 1.5}, seconds=0.1)
            >>> found = Sensitivity(subject="net", metric="accuracy", dense={"loss": 1.0},
            ...                     cells=(cell,), order={}, criterion="l2", samples=10,
            ...                     repair_samples=10)
            >>> found.rise("a", 8), found.rise("a", 6), found.rise("a", 2)
            (0.0, 0.25, 0.75)
        """
        curve = self.curve(group, repaired)[::-1]
        widths, losses = (np.array(part, float) for part in zip(*curve, strict=True))
        if width < widths[0] and len(widths) > 1:
            slope = (losses[1] - losses[0]) / (widths[1] - widths[0])
            return float(losses[0] - slope * (widths[0] - width))
        return float(np.interp(width, widths, losses))

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.curves.table import sensitivity_table

        return sensitivity_table(self)
