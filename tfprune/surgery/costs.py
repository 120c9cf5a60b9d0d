"""What a model costs when only some units stay, predicted from the graph without building it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.allocate import WidthCosts
from tfprune.channels import Group, KeptUnits, Structure
from tfprune.counts import kernel_macs
from tfprune.curves import LatencyTable
from tfprune.errors import PruneError
from tfprune.surgery.width_costs import TableCosts, kernel_costs


class Costs:
    """Predicts parameters and multiply-accumulates from the share of each axis that stays.

    Args:
        structure: The traced model.
        input_shape: As in `tfprune.inspect`, for a model that leaves sizes open.
        groups: Those that may lose units.
        latency: What the model's ops take, for the target "latency".

    Raises:
        PruneError: the latency table is of another model.
    """

    def __init__(
        self,
        structure: Structure,
        input_shape: Any = None,
        groups: Sequence[Group] = (),
        latency: LatencyTable | None = None,
    ) -> None:
        self._structure, self._groups = structure, list(groups)
        self._table = None if latency is None else TableCosts(structure, groups, latency)
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

    def of(self, target: str, kept: KeptUnits) -> float:
        """Return the cost in a target that `check` has found to be known."""
        if target == "units":
            return float(sum(kept.count(group.roots) for group in self._groups))
        if self._table is not None and target == "latency":
            return self._table.of(kept)
        return self._sum({"params": self._sizes, "macs": self._macs}[target], kept)

    def latency(self, kept: KeptUnits) -> float | None:
        """Return what the latency table predicts, in its unit; None without one."""
        return None if self._table is None else self._table.of(kept)

    @property
    def latency_unit(self) -> str:
        """The unit of the latency table; nothing without one."""
        return "" if self._table is None else self._table.table.unit

    def by_widths(self, target: str, widths: Sequence[Sequence[int]]) -> WidthCosts:
        """Return the cost in a target as a sum over the widths of the groups."""
        if target == "units":
            return WidthCosts(0.0, [np.array(own, float) for own in widths])
        if self._table is not None and target == "latency":
            return self._table.by_widths(widths)
        costs = {"params": self._sizes, "macs": self._macs}[target]
        return kernel_costs(self._structure, self._groups, widths, costs)

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
        """Return what one unit of a group costs to first order; of latency, of half of them."""
        if self._table is not None and target == "latency":
            return self._table.of_a_unit(group)
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
