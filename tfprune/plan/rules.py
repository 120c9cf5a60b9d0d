"""Rule: how a kernel is pruned. Rules: which rule a layer gets. Plan: one row per kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel
from tfprune.layer_names import BySelector, Names, Place, Selection, Selector, shown
from tfprune.patterns import NM, Block, Pattern
from tfprune.schedules import ConstantSparsity, PruningSchedule
from tfprune.scores import MagnitudeScore, Score, as_score

# What a rule that does not say takes from the call it is passed to: these very objects.
_UNSAID_SCHEDULE: PruningSchedule = ConstantSparsity(0.5, 0)
_UNSAID_PATTERN: Pattern = Block()
_UNSAID_SCORE: Score = MagnitudeScore()


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class Rule:
    """How a kernel is pruned: when and how much, in which pattern, and by which score.

    Args:
        pruning_schedule: Step → (is it an update step, sparsity). If it is left out, that of the
            call that the rule is passed to.
        pattern: `Block` (its default decides weight by weight) or `NM`; if it is left out, that
            of the call.
        score: What each weight is worth: a name, a function or an object, see `tfprune.scores`;
            if it is left out, that of the call.

    Raises:
        PruneError: the schedule is no function, or there is no such score.

    Example:
        >>> Rule(ConstantSparsity(0.8, begin_step=0), Block((1, 2))).describe()
        '0.8 in blocks of (1, 2)'
        >>> Rule(ConstantSparsity(0.8, begin_step=0), score="movement").describe()
        '0.8 by movement'
    """

    pruning_schedule: PruningSchedule = _UNSAID_SCHEDULE
    pattern: Pattern = _UNSAID_PATTERN
    score: Score = _UNSAID_SCORE

    def __post_init__(self) -> None:
        if not callable(self.pruning_schedule):
            raise PruneError(
                f"pruning_schedule={self.pruning_schedule!r}",
                "a schedule maps a step to (is it an update step, sparsity)",
                "use tfprune.ConstantSparsity(0.5, begin_step=0)",
            )
        object.__setattr__(self, "score", as_score(self.score))

    def within(self, call: Rule) -> Rule:
        """Return the rule with what it does not say taken from the call's."""
        schedule, pattern = self.pruning_schedule, self.pattern
        return Rule(
            call.pruning_schedule if schedule is _UNSAID_SCHEDULE else schedule,
            call.pattern if pattern is _UNSAID_PATTERN else pattern,
            call.score if self.score is _UNSAID_SCORE else self.score,
        )

    @property
    def final_sparsity(self) -> float:
        """The share of zeros that a long enough training reaches."""
        fixed = self.pattern.fixed_sparsity
        return getattr(self.pruning_schedule, "final_sparsity", 0.0) if fixed is None else fixed

    def describe(self) -> str:
        """Return the rule in a few words."""
        by = "" if self.score == MagnitudeScore() else f" by {self.score.name}"
        if isinstance(self.pattern, NM):
            return f"{self.pattern.zeros} zeros in every {self.pattern.of} input channels{by}"
        shape = "" if self.pattern == Block() else f" in blocks of {self.pattern.size}"  # type: ignore[attr-defined]
        return f"{self.final_sparsity:g}{shape}{by}"

    def get_config(self) -> dict[str, Any]:
        """Return the schedule, the pattern and the score, serialized."""
        serialize = keras.saving.serialize_keras_object
        return {
            "pruning_schedule": serialize(self.pruning_schedule),
            "pattern": serialize(self.pattern),
            "score": serialize(self.score),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Rule:
        """Build the rule from `get_config()`."""
        return cls(**{k: keras.saving.deserialize_keras_object(v) for k, v in config.items()})

    @classmethod
    def from_arguments(
        cls,
        pruning_schedule: PruningSchedule | None = None,
        block_size: tuple[int, ...] = (1, 1),
        block_pooling_type: str = "AVG",
        sparsity_m_by_n: tuple[int, int] | None = None,
        score: Any = None,
    ) -> Rule:
        """Build the rule from the arguments of `prune_low_magnitude`."""
        pattern: Pattern = Block(block_size, block_pooling_type)
        if sparsity_m_by_n is not None:
            if pattern != Block((1, 1), block_pooling_type):
                raise PruneError(
                    f"block_size={block_size} with sparsity_m_by_n={sparsity_m_by_n}",
                    "a kernel has either blocks or N:M groups",
                    "drop one of the two",
                )
            pattern = NM.from_pair(sparsity_m_by_n)
        return cls(pruning_schedule or ConstantSparsity(0.5, 0), pattern, as_score(score))


class Rules:
    """Finds the rule of each kernel: its own, or the default.

    Args:
        default: The rule of every kernel that no selector fits.
        chosen: Selector → rule, or None to leave alone; see `tfprune.layer_names`.
    """

    def __init__(self, default: Rule, chosen: BySelector[Rule | None] | None = None) -> None:
        self.default = default
        if not isinstance(chosen or {}, Mapping):
            raise PruneError(
                f"rules={chosen!r}",
                "rules map names, globs, layer types or predicates to tfprune.Rule or None",
                "rules={'head': None}",
            )
        self.chosen = dict(chosen or {})
        for selector, rule in self.chosen.items():
            if not (rule is None or isinstance(rule, Rule)):
                raise PruneError(
                    f"rules={{{shown(selector)}: {rule!r}}}",
                    "a selector points to a tfprune.Rule, or to None to leave the layer alone",
                    "write tfprune.Rule(schedule, pattern)",
                )
            self.chosen[selector] = None if rule is None else rule.within(default)

    def find(self, kernels: Sequence[Kernel], model: Any | None) -> list[Chosen]:
        """Return the rule of each kernel.

        Args:
            kernels: The model's.
            model: The model; None if only the names of the kernels are known.

        Raises:
            PruneError: a selector fits no kernel.
        """
        names = Names(model)
        things = [places_of(kernel, names) for kernel in kernels]
        selection = Selection("rules", self.chosen, names)
        selection.check(things, "no kernel is known")
        fits = [selection.best(places) for places in things]
        return [
            Chosen(self.default) if fit is None else Chosen(self.chosen[fit.selector], fit.selector)
            for fit in fits
        ]


@dataclass(frozen=True)
class Chosen:
    """The rule that was chosen for a kernel, None to leave it alone; the selector that did.

    The selector is None where the default was chosen.
    """

    rule: Rule | None
    selector: Selector | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """What will happen to one kernel: its rule, or None and the reason why it is left alone."""

    kernel: str
    shape: tuple[int, ...]
    rule: Rule | None
    reason: str
    wrapped: bool = False
    """Whether the kernel has had a mask before, whose rule stays in force."""
    allocation: str = "by rule"
    """What gave the kernel its sparsity: its rule, or how zeros were shared out over kernels."""

    def __str__(self) -> str:
        what = "leave alone" if self.rule is None else f"prune to {self.rule.describe()}"
        return f"{self.kernel} {self.shape}: {what} ({self.reason})"


@dataclass(frozen=True)
class Plan:
    """One row per kernel, in the model's order; `print(plan)` shows it."""

    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self.rows)

    def rule_of(self, kernel: str) -> Rule | None:
        """Return the rule of the kernel of this name."""
        return next((row.rule for row in self.rows if row.kernel == kernel), None)


def places_of(kernel: Kernel, names: Names) -> set[Place]:
    """Return the places by which a user may mean a kernel: its own, and those of its layer."""
    own = Place.of_kernel(kernel.name)
    return {own, *(Place(place.path, own.variables) for place in names.of(kernel.layer))}
