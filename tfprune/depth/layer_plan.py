"""LayerPlan: which blocks go, block by block, and the shallower model it leads to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfprune.depth.bypassing import Cuts, bypassed
from tfprune.depth.repairing import bypass_and_repair
from tfprune.errors import PruneError
from tfprune.graph import compiled_as
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """What happens to one block, and why.

    Args:
        name: The block's: its addition's or its only layer's.
        layers: Paths of the layers inside it.
        score: What the criterion gave it, lowest first to go; None if it was not asked.
        remove: Whether it goes.
        reason: Why, or why not.
    """

    name: str
    layers: tuple[str, ...]
    score: float | None
    remove: bool
    reason: str

    def __str__(self) -> str:
        score = "" if self.score is None else f" (score {self.score:.4g})"
        inside = f" [{_brief(self.layers)}]" if self.layers else ""
        verb = "remove" if self.remove else "leave"
        return f"{self.name}{inside}: {verb}{score}: {self.reason}"


@dataclass(frozen=True, eq=False)
class LayerPlan(Shown):
    """Which blocks go and which stay; `print(plan)` shows one row per block, `apply()` does it.

    Args:
        model: The model that was planned for.
        rows: One `LayerRow` for each block and composite layer, also for those left alone.
        cuts: `{id(call): operand}`, what `apply` bypasses.
    """

    model: Any
    rows: tuple[LayerRow, ...]
    cuts: Cuts

    @property
    def removed(self) -> tuple[str, ...]:
        """The names of the blocks that go."""
        return tuple(row.name for row in self.rows if row.remove)

    def __str__(self) -> str:
        total = f"{len(self.removed)} of {len(self.rows)} blocks of {self.model.name!r} go"
        return "\n".join([*map(str, self.rows), total])

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.depth.table import depth_table

        return depth_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON-ready dictionary."""
        return {"blocks": [asdict(row) for row in self.rows], "removed": list(self.removed)}

    def apply(self, repair_on: Any = None) -> Any:
        """Return a new plain model without the blocks; see `prune_layers`.

        Args:
            repair_on: Inputs, in any form that `fit` takes, or a path; labels are not looked at.
                With them the kernels behind each gap are refitted, without training, to what the
                original computes there.

        Raises:
            PruneError: the plan removes nothing, or the data is unfit.

        Warns:
            PruneWarning: which kernels could not be repaired, and why.
        """
        if not self.cuts:
            raise PruneError(
                f"remove layers of {self.model.name!r}",
                "the plan removes nothing:\n  " + "\n  ".join(map(str, self.rows)),
                "pass n=1, ratio=0.25 or layers=[name]",
            )
        if repair_on is None:
            return compiled_as(bypassed(self.model, self.cuts), self.model)
        return compiled_as(bypass_and_repair(self.model, self.cuts, repair_on), self.model)


def _brief(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} ... {names[-1]}: {len(names)}"
