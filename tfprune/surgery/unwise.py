"""What is unwise about a plan: nothing goes, too little to be seen, or too much at once."""

from __future__ import annotations

from collections.abc import Iterator

from tfprune.measured import FACTS
from tfprune.notes import Note
from tfprune.surgery.structured_plan import StructuredPlan

TOO_LITTLE, TOO_MUCH = 0.05, 2 / 3
"""Shares of the cost. A benchmark calls times within the first the same (`bench.spread`)."""


def unwise(plan: StructuredPlan, ratio: float, round_to: int) -> Iterator[Note]:
    """Yield a note for each mistake.

    Args:
        plan: What would be done.
        ratio: The largest share that was asked for.
        round_to: Of what number widths are multiples.
    """
    if not ratio:
        return
    name, size = plan.model.name, plan.size
    if not plan.removed:
        why = f"round_to={round_to} leaves every width as it is" if round_to > 1 else "see the rows"
        yield Note(name, f"nothing goes: {why}")
        return
    before, after, what = size.params, size.params_after, "parameters"
    if size.macs and size.macs_after is not None:
        before, after, what = size.macs, size.macs_after, "multiply-accumulates"
    gone = 1 - after / before
    if gone < TOO_LITTLE:
        reason = f"only {100 * gone:.1f} % of the {what} go: too little to be seen in a time"
        yield Note(name, reason)
    elif gone > TOO_MUCH:
        yield Note(
            name,
            f"{100 * gone:.0f} % of the {what} go at once: remove them in steps, and repair or "
            f"train after each; {FACTS['too much at once']}",
        )
