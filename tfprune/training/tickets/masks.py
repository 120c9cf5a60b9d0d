"""The masks of a ticket: from trained weights, by chance, and held while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.errors import PruneError
from tfprune.graph import compiled_as
from tfprune.keras_facts import Kernel, kernels_of
from tfprune.layer_names import BySelector
from tfprune.masks import prune_low_magnitude
from tfprune.masks.strip import masked_kernels
from tfprune.notes import Note
from tfprune.plan import Rule, plan_pruning
from tfprune.schedules import ConstantSparsity
from tfprune.scores import MagnitudeScore

Masks = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class MaskPlan:
    """Which kernels take part, and how.

    Args:
        rules: Kernel → the rule that tells its final sparsity and its pattern.
        notes: The kernels that do not, and why.
    """

    rules: Mapping[str, Rule]
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(cls, model: Any, sparsity: float, rules: BySelector[Rule | None] | None) -> MaskPlan:
        """Plan a model, as `prune_low_magnitude` would.

        Raises:
            PruneError: no kernel takes part, or a rule asks for what tickets know nothing of.
        """
        found = plan_pruning(model, ConstantSparsity(sparsity, 0), rules=rules)
        frozen = {k.name for k in kernels_of(model) if not k.variable.trainable}
        chosen = {
            row.kernel: row.rule
            for row in found.rows
            if row.rule is not None and row.kernel not in frozen
        }
        for name, rule in chosen.items():
            _check(name, rule)
        notes = [
            Note(row.kernel, "frozen" if row.kernel in frozen else row.reason)
            for row in found.rows
            if row.kernel not in chosen
        ]
        if not chosen:
            told = "\n  ".join(map(str, notes))
            fix = "leave fewer kernels alone"
            raise PruneError(
                f"find a ticket in {model.name!r}", f"no kernel would be pruned:\n  {told}", fix
            )
        return cls(chosen, tuple(notes))

    @classmethod
    def of_masks(cls, masks: Masks) -> MaskPlan:
        """Return the plan of masks that are there."""
        return cls({name: Rule(ConstantSparsity(1 - m.mean(), 0)) for name, m in masks.items()})

    def words(self, model: Any) -> list[Any]:
        """Return what tells it from other plans; Keras may name a model's layers anew."""
        rules = [self.rules.get(name) for name in by_name(model)]
        return [rule and [rule.final_sparsity, repr(rule.pattern)] for rule in rules]

    def shares(self, done: float) -> dict[str, float]:
        """Return kernel → its sparsity when a share of all rounds is done.

        Each round removes the same share of the weights that are left.
        """
        return {n: 1 - (1 - rule.final_sparsity) ** done for n, rule in self.rules.items()}

    def masks(self, kernels: Mapping[str, Kernel], scores: Masks, done: float) -> Masks:
        """Return the masks that keep the highest scores, of a share of all rounds."""
        found = {}
        for name, share in self.shares(done).items():
            kernel = kernels[name]
            mask = self.rules[name].pattern.mask(kernel.to_canonical(scores[name]), share)
            found[name] = np.asarray(kernel.from_canonical(mask))
        return found


def by_name(model: Any) -> dict[str, Kernel]:
    """Return name → kernel of a model."""
    return {kernel.name: kernel for kernel in kernels_of(model)}


def magnitudes(model: Any, names: Mapping[str, Any]) -> Masks:
    """Return the magnitude of each weight of some kernels."""
    kernels = by_name(model)
    return {name: np.abs(np.asarray(kernels[name].variable, "float32")) for name in names}


def drawn(masks: Masks, seed: int) -> Masks:
    """Return scores drawn by chance, in the shapes of masks."""
    rng = np.random.default_rng(seed)
    return {name: rng.random(mask.shape, "float32") for name, mask in masks.items()}


def held(model: Any, plan: MaskPlan, masks: Masks) -> Any:
    """Return a copy of a model whose kernels stay under these masks while it trains.

    Args:
        model: A Functional or built Sequential model, not changed.
        plan: The kernels that take part.
        masks: Kernel → boolean array.

    Returns:
        A model in wrappers of `prune_low_magnitude` whose schedule never sets another mask,
        compiled as `model` is.
    """
    fixed: dict[Any, Rule | None] = dict.fromkeys(by_name(model))
    for name, rule in plan.rules.items():
        schedule = ConstantSparsity(float(1 - masks[name].mean()), 1, end_step=1, frequency=1)
        fixed[name] = Rule(schedule, rule.pattern)
    wrapped = prune_low_magnitude(model, rules=fixed)
    names = {id(kernel.variable): name for name, kernel in by_name(wrapped).items()}
    for masked in masked_kernels(wrapped):
        masked.mask.assign(masks[names[id(masked.kernel.variable)]])
        masked.step.assign(1)  # the mask of the first step is set, and no other is due
        masked.apply()
    return compiled_as(wrapped, model)


def _check(name: str, rule: Rule) -> None:
    asked = f"prune {name} to {rule.describe()} for a ticket"
    if rule.pattern.fixed_sparsity is not None:
        found = "N:M groups have one sparsity, and a ticket is found by raising it"
        raise PruneError(asked, found, "use tfprune.Block, or leave the pattern out")
    if rule.score != MagnitudeScore():
        raise PruneError(asked, "tickets are found by magnitude", "leave the score out")
