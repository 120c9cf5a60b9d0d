"""Plans of surgery as tables for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.surgery.structured_plan import StructuredPlan
from tfprune.tables import plain_table, wording


def structured_table(plan: StructuredPlan) -> Group:
    """Return one line per group of units, what could not be followed, and the model's size."""
    table = plain_table(
        f"units of {plan.structure.model.name}", "group", ["before", "after", "members"], "why"
    )
    for row in plan.rows:
        table.add_row(
            row.group,
            wording.count(row.before),
            wording.count(row.after),
            wording.count(len(row.members)),
            row.reason,
        )
    size = plan.size
    lines = [
        f"units removed: {plan.removed:,} of {plan.units:,}",
        f"parameters: {size.params:,} → {size.params_after:,}",
        f"multiply-accumulates of the kernels: {size.macs_in_words}",
        *([f"latency: {size.latency_in_words}"] if size.latency_in_words else []),
        *map(str, plan.notes),
    ]
    return Group(table, *map(Text, lines))
