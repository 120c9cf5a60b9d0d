"""Ticket: what was found, round by round, beside what chance finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune.notes import Note
from tfprune.tables import Shown
from tfprune.training.tickets.masks import MaskPlan, held


@dataclass(frozen=True, kw_only=True)
class TicketRound:
    """One round of pruning and training.

    Args:
        round: From 1 on; 0 is the dense network.
        sparsity: Share of zeros in the kernels that take part.
        value: What `train` said of the ticket, trained.
        new_weights: The same of a network with the ticket's masks and new initial weights; None if
            it was not trained.
        random_masks: The same of one with the ticket's early weights, and as many zeros in each
            kernel at places drawn by chance.
    """

    round: int
    sparsity: float
    value: float
    new_weights: float | None = None
    random_masks: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ticket(Shown):
    """A sparse network at its early weights; `print` shows how it fares beside its controls.

    Args:
        model: The ticket: early weights, zeros under the masks, not trained further; plain Keras.
        trained: The ticket of the last round as `train` has left it; plain Keras.
        masks: Kernel → boolean array of its shape, False where it is zero.
        rounds: The dense network, then each round.
        rewind_to: After how many batches the early weights were taken.
        seed: What made it.
        notes: Kernels that take no part, and what else there is to say.
    """

    model: Any = field(repr=False)
    trained: Any = field(repr=False)
    masks: Mapping[str, Any] = field(repr=False)
    rounds: tuple[TicketRound, ...]
    rewind_to: int
    seed: int
    notes: tuple[Note, ...] = ()

    def to_train(self) -> Any:
        """Return the ticket in wrappers that keep its zeros in a `fit`; `strip_pruning` ends it.

        Compiled as `model` is, with a new optimizer.
        """
        return held(self.model, MaskPlan.of_masks(self.masks), self.masks)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from rich.console import Group

        from tfprune.tables import noted, plain_table, wording

        columns = ["zeros", "ticket", "new weights", "random masks"]
        table = plain_table(f"tickets of {self.model.name}", "round", columns)
        for row in self.rounds:
            found = (row.value, row.new_weights, row.random_masks)
            shown = ("" if value is None else wording.metric(value) for value in found)
            name = str(row.round) if row.round else "dense"
            table.add_row(name, wording.percent(row.sparsity), *shown)
        return Group(table, *noted(self.notes))

    def to_dict(self) -> dict[str, Any]:
        """Return rounds and notes as a JSON-ready dictionary."""
        return {
            "rounds": [asdict(row) for row in self.rounds],
            "rewind_to": self.rewind_to,
            "seed": self.seed,
            "notes": [asdict(note) for note in self.notes],
        }
