"""Advice: a line for each technique, what the model is like, and the recipe that follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec

from tfprune.advising.traits import Traits
from tfprune.measured import MeasuredFact
from tfprune.notes import Note
from tfprune.recipes import Recipe, yaml_of
from tfprune.tables import Shown

Fitness = Literal["do", "try", "not here"]


@dataclass(frozen=True, kw_only=True)
class AdviceLine:
    """One technique.

    Args:
        technique: `"remove filters"`, `"int8"`, ...
        fits: "do": the recipe does it, or a command below; "try": measure whether it helps;
            "not here": it costs accuracy and brings nothing on this target.
        here: What of this model speaks for it or against it, counted just now.
        measured: What was measured before, and on which page of the docs it stands; None where
            nothing was measured.
    """

    technique: str
    fits: Fitness
    here: str
    measured: MeasuredFact | None = None


@dataclass(frozen=True, kw_only=True)
class Advice(Shown):
    """What to do with a model; `print` shows it, `tfprune run` obeys its recipe.

    Args:
        subject: The path, or the name of a model in memory.
        bottleneck, target, max_drop: As asked.
        traits: What the model is like.
        lines: The techniques, those that fit first.
        recipe: What `tfprune run` and `compress(recipe=)` take.
        commands: What no recipe does, in order.
        notes: What a reader should know before beginning.
    """

    subject: str
    bottleneck: str
    target: str
    max_drop: float
    traits: Traits
    lines: tuple[AdviceLine, ...]
    recipe: Recipe
    commands: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def yaml(self) -> str:
        """The recipe as a commented file."""
        return yaml_of(self.recipe)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.advising.table import advice_table

        return advice_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return {
            "subject": self.subject,
            "bottleneck": self.bottleneck,
            "target": self.target,
            "max_drop": self.max_drop,
            "traits": asdict(self.traits),
            "lines": [asdict(line) for line in self.lines],
            "recipe": msgspec.to_builtins(self.recipe),
            "commands": list(self.commands),
            "notes": [asdict(note) for note in self.notes],
        }
