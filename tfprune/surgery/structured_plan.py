"""StructuredPlan: what will be removed, group by group, and the smaller model it leads to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune.channels import KeptUnits, Structure
from tfprune.errors import PruneWarning
from tfprune.graph import compiled_as
from tfprune.notes import Note
from tfprune.surgery.masked import force_to_zero
from tfprune.surgery.merging import merged
from tfprune.surgery.shrinking import shrink, shrink_and_repair
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """What happens to one group of units that go together.

    Args:
        group: The layer that produces them first.
        members: The weights on which they lie: `"conv1/kernel"`, `"bn1/gamma"`, ...
        before: Units now.
        after: Units that stay.
        reason: Why not more are removed.
    """

    group: str
    members: tuple[str, ...]
    before: int
    after: int
    reason: str

    def __str__(self) -> str:
        others = [name for name in layers_of(self.members) if name != self.group]
        shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        together = f" with {shown}" if others else ""
        return f"{self.group}{together}: {self.before} → {self.after} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class Size:
    """Parameters, multiply-accumulates and time of one sample, before and after.

    Args:
        params: Parameters now.
        params_after: And then.
        macs: Multiply-accumulates now; None where sizes that the model leaves open decide.
        macs_after: And then.
        latency: What the table that was planned with predicts now; None without a table.
        latency_after: And then.
        latency_unit: Its unit: "ms" or "instructions".
    """

    params: int
    params_after: int
    macs: int | None
    macs_after: int | None
    latency: float | None = None
    latency_after: float | None = None
    latency_unit: str = ""

    @property
    def macs_in_words(self) -> str:
        """`"30,240 → 11,024"`, or that they are not known."""
        if self.macs is None or self.macs_after is None:
            return "unknown before input_shape= is given"
        return f"{self.macs:,} → {self.macs_after:,}"

    @property
    def latency_in_words(self) -> str:
        """`"0.52 → 0.26 ms, predicted"`; nothing without a table."""
        if self.latency is None or self.latency_after is None:
            return ""
        return f"{self.latency:.4g} → {self.latency_after:.4g} {self.latency_unit}, predicted"


@dataclass(frozen=True, kw_only=True)
class StructuredPlan(Shown):
    """Which units go and which stay; `print(plan)` shows one row per group, `apply()` does it.

    Args:
        rows: One for each group, in the order in which the model produces them.
        size: What it does to the parameters and to the MACs of the kernels, predicted.
        notes: Layers and operations that could not be followed, each with its reason, and what is
            unwise about the plan.
        model: The model that was planned for.
        structure: The traced model.
        kept: Which units stay.
    """

    rows: tuple[GroupRow, ...]
    size: Size
    notes: tuple[Note, ...]
    model: Any = field(repr=False)
    structure: Structure = field(repr=False)
    kept: KeptUnits = field(repr=False)

    def __str__(self) -> str:
        size = self.size
        total = (
            f"{self.removed} of {self.units} units go; parameters {size.params:,} → "
            f"{size.params_after:,}, MACs {size.macs_in_words}"
        )
        total += f", latency {size.latency_in_words}" * bool(size.latency_in_words)
        return "\n".join([*map(str, self.rows), *map(str, self.notes), total])

    @property
    def units(self) -> int:
        """All units of all groups."""
        return sum(row.before for row in self.rows)

    @property
    def removed(self) -> int:
        """The units that go."""
        return sum(row.before - row.after for row in self.rows)

    def apply(self, repair_on: Any = None, *, merge: bool = False) -> Any:
        """Return the smaller model: plain Keras, with weights of its own.

        The planned model is not changed. If it is compiled, so is the smaller one, with the same
        settings and a new optimizer (`tfprune.graph.compiled_as`).

        Args:
            repair_on: Inputs, in any form that `fit` takes, or a path; labels are not looked at.
                With them the kernels that stay are refitted, without training, so that the
                smaller model computes what the original does as nearly as it can: 256 samples
                are enough for most models (`tfprune.repairing.refit`).
            merge: Whether similar units become one, whose readers see their sum, instead of those
                that matter least being dropped; as many stay as the plan says
                (`tfprune.surgery.merging`). A group that cannot be merged is dropped, with a
                warning.

        Raises:
            PruneError: a layer that loses units cannot be rebuilt smaller, or the data is unfit.

        Warns:
            PruneWarning: which kernels could not be repaired or merged, and why; or why the model
                is compiled and the smaller one is not.
        """
        kept, values, notes = self.kept, dict[int, Any](), list[Note]()
        if merge:
            kept, values, notes = merged(self.structure, self.kept)
        if notes:
            warnings.warn("\n".join(map(str, notes)), PruneWarning, stacklevel=2)
        if repair_on is None:
            small = shrink(self.structure, kept, merged=values)[0]
        else:
            small = shrink_and_repair(self.structure, kept, repair_on, values)
        return compiled_as(small, self.model)

    def masked(self) -> Any:
        """Return the model in its original size, the units that go forced to zero.

        It computes what `apply()` will compute, so that a plan can be tried before it is done.
        """
        return force_to_zero(self.structure, self.kept)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.surgery.table import structured_table

        return structured_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON-ready dictionary."""
        return {
            "groups": [asdict(row) for row in self.rows],
            "size": asdict(self.size),
            "units": self.units,
            "removed": self.removed,
            "notes": [asdict(note) for note in self.notes],
        }


def layers_of(members: Sequence[str]) -> list[str]:
    """Return the layers that own these weights, each once, in order."""
    return list(dict.fromkeys(name.rpartition("/")[0] for name in members))
