"""Plans of depth as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from tfprune.tables import plain_table, wording

if TYPE_CHECKING:
    from tfprune.depth.layer_plan import LayerPlan


def depth_table(plan: LayerPlan) -> Group:
    """Return one line per block, and how many go."""
    table = plain_table(f"blocks of {plan.model.name}", "block", ["layers", "score"], "what, why")
    for row in plan.rows:
        score = "" if row.score is None else f"{row.score:.4g}"
        verb = "remove" if row.remove else "leave"
        table.add_row(row.name, wording.count(len(row.layers)), score, f"{verb}: {row.reason}")
    return Group(table, Text(f"blocks removed: {len(plan.removed):,} of {len(plan.rows):,}"))
