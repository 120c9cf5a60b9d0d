"""Repair in one shot: each kernel refitted on the original's inputs, beside sequential repair.

Data-free of what was repaired before it, as GRAIL (arXiv 2602.23795) and channel pruning "in one
shot" do it: an error that an earlier layer makes is not seen by the layers behind it.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfprune.repairing import Sliced, repaired
from tfprune.repairing.walking import Step, Values
from tfprune.surgery import StructuredPlan
from tfprune.surgery.shrinking import shrink


class OneShot(Sliced):
    """A smaller network in which every layer is given what the original's makes, units gone."""

    def call_original(self, step: Step, values: Values) -> list[Any]:
        """Return what the original's step makes, and keep it for the smaller network's."""
        self._now = super().call_original(step, values)
        return self._now

    def call_small(self, step: Step, values: Values) -> list[Any]:
        """Return what the original's step has just made, without the units that go."""
        return [self._cut(*pair) for pair in zip(step.node.outputs, self._now, strict=True)]

    def _cut(self, symbolic: Any, made: Any) -> Any:
        for axis, units in self._structure.flow(symbolic).units.items():
            made = tf.gather(made, self._kept.positions(units), axis=axis)
        return made


def repaired_in_one_shot(plan: StructuredPlan, images: Any) -> Any:
    """Return the smaller model, each kernel refitted as if the others were the original's."""
    made: dict[int, Any] = {}
    small, _ = shrink(plan.structure, plan.kept, made)
    return repaired(OneShot(plan.structure, plan.kept, made), small, images)
