"""What a model costs when only some units stay, predicted from the graph without building it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfprune.channels import Group, KeptUnits, Structure
from tfprune.counts import kernel_macs
from tfprune.errors import PruneError


class Costs:
    """Predicts parameters and multiply-accumulates from the share of each axis that stays.

    Args:
        structure: The traced model.
        input_shape: As in `tfprune.inspect`, for a model that leaves sizes open.
    """

    def __init__(self, structure: Structure, input_shape: Any = None) -> None:
        self._sizes = {id(v): math.prod(v.shape) for v in _weights(structure.model)}
        self._macs, self._open = kernel_macs(structure.model, input_shape)
        self._model = structure.model
        self._axes: dict[int, list[np.ndarray]] = {}
        for binding in structure.bindings:
            self._axes.setdefault(id(binding.variable), []).append(binding.ids)

    def params(self, kept: KeptUnits) -> int:
        """Return the number of parameters, moving statistics included."""
        return self._sum(self._sizes, kept)

    def macs(self, kept: KeptUnits) -> int | None:
        """Return the multiply-accumulates of all kernels for one sample; None if not known."""
        return None if self._open else self._sum(self._macs, kept)

    def of(self, target: str, kept: KeptUnits) -> int:
        """Return the cost in "params" or "macs", which `check` has found to be known."""
        return self._sum({"params": self._sizes, "macs": self._macs}[target], kept)

    def check(self, target: str) -> None:
        """Refuse a target that can't be known.

        Raises:
            PruneError: the multiply-accumulates of some layer are not known.
        """
        if target != "macs" or not self._open:
            return
        first, *others = self._open
        more = f" (and {len(others)} more layers)" if others else ""
        inputs = ", ".join(str(tuple(tensor.shape[1:])) for tensor in self._model.inputs)
        raise PruneError(
            'target="macs"',
            f"the multiply-accumulates of {first.subject!r} are not known: {first.reason}{more}",
            f'give input_shape=, the shape of one sample, for {inputs}; or target="params"',
        )

    def of_a_unit(self, target: str, group: Group) -> float:
        """Return what one unit of a group costs, in "params" or "macs", to first order."""
        costs = {"params": self._sizes, "macs": self._macs}[target]
        places = (
            (m.variable, np.count_nonzero(m.units >= 0) / len(m.units)) for m in group.members
        )
        return sum(costs.get(id(v), 0) * share for v, share in places) / group.size

    def _sum(self, costs: dict[int, int], kept: KeptUnits) -> int:
        return round(sum(cost * self._share(key, kept) for key, cost in costs.items()))

    def _share(self, variable: int, kept: KeptUnits) -> float:
        return math.prod(kept.count(ids) / len(ids) for ids in self._axes.get(variable, ()))


def _weights(model: Any) -> list[Any]:
    return list({id(v): v for v in model.weights}.values())
