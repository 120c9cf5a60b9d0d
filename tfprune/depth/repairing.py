"""A model without some of its calls, and what is left refitted to what the original computes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tfprune.depth.bypassing import Cuts, bypassed, live_everywhere
from tfprune.errors import PruneError
from tfprune.graph import is_graph, nets, nodes_in_order
from tfprune.repairing import Pair, repaired
from tfprune.repairing.walking import Step, Values


def bypass_and_repair(model: Any, cuts: Cuts, data: Any) -> Any:
    """Return the model without these calls, repaired on unlabelled data.

    Each kernel behind a gap is refitted to what the original makes there; the branch of the next
    block makes good for what the removed one added to the stream (`tfprune.repairing.streams`).

    Args:
        model: A Functional or Sequential model, not changed.
        cuts: `{id(call): operand}`: the calls that give back that one of their flat arguments.
        data: Inputs, in any form that `fit` takes, or a path; labels are not looked at.

    Raises:
        PruneError: a nested model goes as a whole, or the data is unfit.

    Warns:
        PruneWarning: what could not be repaired, and why.
    """
    alive = {id(node) for node in live_everywhere(model, cuts)} - set(cuts)
    for _, net in nets(model):
        for node in nodes_in_order(net):
            if is_graph(node.operation) and id(node) not in alive:
                raise PruneError(
                    f"repair {model.name!r} without {node.operation.name!r}",
                    "it is a nested model that goes as a whole; inside it nothing can be compared",
                    "leave repair_on out, or name its blocks in layers=",
                )
    made: dict[int, Any] = {}
    shallow = bypassed(model, cuts, made)
    return repaired(Shallower(model, made, cuts, alive), shallow, data)


class Shallower(Pair):
    """A network in which some calls are not made.

    Args:
        model: The original.
        made: id of an operation of the original → the shallower network's.
        cuts: Calls that give back one of their arguments.
        alive: ids of the calls that are made.
    """

    def __init__(self, model: Any, made: Mapping[int, Any], cuts: Cuts, alive: set[int]) -> None:
        super().__init__(model, made)
        self._bypass, self._alive = cuts, alive

    def runs(self, step: Step) -> bool:
        """Whether the shallower network makes a call."""
        return id(step.node) in self._alive

    def loses(self, step: Step) -> bool:
        """Whether a call is not made."""
        return not self.runs(step)

    def call_small(self, step: Step, values: Values) -> list[Any]:
        """Return what the shallower network has in the place of a call's outputs."""
        if id(step.node) in self._bypass:
            return [keras.tree.flatten(self.arguments(step, values))[self._bypass[id(step.node)]]]
        if not self.runs(step):
            return [None] * len(step.outputs)
        return super().call_small(step, values)
