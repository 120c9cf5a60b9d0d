"""What the widths of a model's groups cost: parameters, MACs, or the time of a latency table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfprune.allocate import WidthCosts
from tfprune.channels import Group, KeptUnits, Structure
from tfprune.curves import LatencyTable, OpTimes
from tfprune.errors import PruneError, near
from tfprune.surgery.sides import ChannelCount, ChannelCounts, OpCall, OpCalls

Array = NDArray[np.float64]


class CostSum:
    """Adds up costs that depend on the widths of one group or of two.

    Args:
        widths: For each group the widths to choose from.
    """

    def __init__(self, widths: Sequence[Sequence[int]]) -> None:
        self._widths = [np.array(own, float) for own in widths]
        self._fixed = 0.0
        self._alone = [np.zeros(len(own)) for own in widths]
        self._pairs: dict[tuple[int, int], Array] = {}

    def add_product(self, scale: float, first: ChannelCount, second: ChannelCount) -> None:
        """Add scale x (channels of the first side) x (channels of the second).

        A product of two sums over groups is a sum over pairs of groups.
        """
        self._fixed += scale * first.fixed * second.fixed
        for one, other in ((first, second), (second, first)):
            for g, each in one.groups.items():
                self._alone[g] += scale * each * other.fixed * self._widths[g]
        for g, each in first.groups.items():
            for h, other_each in second.groups.items():
                both = scale * each * other_each * np.outer(self._widths[g], self._widths[h])
                self.add_pair(g, h, both)

    def add_pair(self, g: int, h: int, both: Array) -> None:
        """Add what two groups cost together, or one with itself."""
        if g == h:
            self._alone[g] += np.diag(both)
            return
        key, matrix = ((g, h), both) if g < h else ((h, g), both.T)
        self._pairs[key] = self._pairs.get(key, 0.0) + matrix

    def add_alone(self, g: int, cost: Array) -> None:
        """Add what one group costs at each of its widths."""
        self._alone[g] += cost

    def add_fixed(self, cost: float) -> None:
        """Add what does not depend on widths."""
        self._fixed += cost

    def total(self, fixed: float = 0.0, factor: float = 1.0) -> WidthCosts:
        """Return fixed + factor x the sum."""
        pairs = {key: factor * both for key, both in self._pairs.items()}
        alone = [factor * own for own in self._alone]
        return WidthCosts(fixed + factor * self._fixed, alone, pairs)


def kernel_costs(
    structure: Structure,
    groups: Sequence[Group],
    widths: Sequence[Sequence[int]],
    whole: dict[int, float],
) -> WidthCosts:
    """Return parameters or MACs by widths: each variable costs in proportion to its axes.

    Args:
        structure: The traced model.
        groups: Those whose widths are chosen.
        widths: For each the widths to choose from.
        whole: id of a variable → what it costs whole.
    """
    sides, total = ChannelCounts(structure, groups), CostSum(widths)
    axes: dict[int, list[np.ndarray]] = {}
    for binding in structure.bindings:
        axes.setdefault(id(binding.variable), []).append(binding.ids)
    one = ChannelCount(1, {}, np.zeros(1, np.int64))
    for variable, cost in whole.items():
        # Of three axes that lose units the third counts whole; what it comes to is checked later.
        lose = [side for ids in axes.get(variable, ()) if (side := sides.of(ids)).groups][:2]
        first, second = [*lose, one, one][:2]
        total.add_product(cost / (first.whole * second.whole), first, second)
    return total.total()


class TableCosts:
    """What a latency table says of a model: by choices of widths, or for units that stay.

    Args:
        structure: The traced model.
        groups: The groups whose widths are chosen.
        table: What was measured, of this model or of the one it was pruned from.

    Raises:
        PruneError: the table knows another model.
    """

    def __init__(self, structure: Structure, groups: Sequence[Group], table: LatencyTable) -> None:
        self._structure, self._calls = structure, OpCalls(structure, groups)
        self._keys = dict(zip(map(id, structure.groups), structure.keys, strict=True))
        self._groups, self.table = list(groups), table
        self._ops: dict[str, dict[str, OpTimes]] = {}
        for op in table.ops:
            self._ops.setdefault(op.op, {})[op.inside] = op
        for call in self._calls.calls:
            self._check(call)

    def _check(self, call: OpCall) -> None:
        op = self._ops.get(call.name, {}).get("")
        asked = f"the latency of {call.name!r}"
        fix = "measure a table of this model: tfprune.latency_table(model)"
        if op is None:
            found = f"the table of {self.table.subject!r} has {near(call.name, self._ops)}"
            raise PruneError(asked, found, fix)
        for what, side, known in (
            ("reads", call.reads, op.reads),
            ("writes", call.writes, op.writes),
        ):
            if side.groups and len(side.ids) > known[-1]:
                found = f"it {what} {len(side.ids)} channels, the table knows up to {known[-1]}"
                raise PruneError(asked, found, fix)

    def by_widths(self, widths: Sequence[Sequence[int]]) -> WidthCosts:
        """Return the latency by widths, in the table's unit."""
        total = CostSum(widths)
        for call in self._calls.calls:
            ops = self._ops[call.name]
            _add_op(total, ops[""], call.reads, call.writes, widths)
            for number in call.inside:
                inner = ops.get(self._keys[id(self._groups[number])])
                if inner is not None:
                    total.add_alone(number, np.array([inner.at(0, w) for w in widths[number]]))
        return total.total(self.table.fixed, self.table.factor)

    def ops(self, kept: KeptUnits) -> float:
        """Return the sum over ops when some units stay, for `LatencyTable.predict`."""
        found = 0.0
        for call in self._calls.calls:
            ops = self._ops[call.name]
            found += ops[""].at(_count(kept, call.reads), _count(kept, call.writes))
            for number in call.inside:
                group = self._groups[number]
                inner = ops.get(self._keys[id(group)])
                found += 0.0 if inner is None else inner.at(0, kept.count(group.roots))
        return found

    def of_a_unit(self, group: Group) -> float:
        """Return what a unit takes, on average over half of a group; never less than nothing."""
        keep = [np.ones(own.size, bool) for own in self._structure.groups]
        whole = self.of(self._structure.kept(keep))
        half = group.size // 2
        for own, mask in zip(self._structure.groups, keep, strict=True):
            if own is group:
                mask[half:] = False
        saved = whole - self.of(self._structure.kept(keep))
        return max(saved / (group.size - half), 1e-6 * whole / group.size)

    def of(self, kept: KeptUnits) -> float:
        """Return the latency when some units stay, in the table's unit."""
        return self.table.predict(self.ops(kept))


def _count(kept: KeptUnits, side: ChannelCount) -> int:
    return int(np.count_nonzero(kept.mask(side.ids)))


def _add_op(
    total: CostSum,
    op: OpTimes,
    reads: ChannelCount,
    writes: ChannelCount,
    widths: Sequence[Sequence[int]],
) -> None:
    """Add one op: exactly where one group decides each side, else as a plane through its corners.

    A side that several groups make together has no table of its own for each of them: there the
    op costs a + b·reads + c·writes + d·reads·writes, through the four corners of the table.
    """
    if len(reads.groups) <= 1 and len(writes.groups) <= 1:
        rows, columns = (_channels(side, widths) for side in (reads, writes))
        both = np.array([[op.at(r, w) for w in columns] for r in rows])
        names = [*reads.groups, *writes.groups]
        if len(names) == 2:
            total.add_pair(names[0], names[1], both)
        elif names:
            total.add_alone(names[0], both.ravel())
        else:
            total.add_fixed(float(both[0, 0]))
        return
    r0, r1, w0, w1 = op.reads[0], op.reads[-1], op.writes[0], op.writes[-1]
    high, wide = max(r1 - r0, 1), max(w1 - w0, 1)
    a, b, c = op.at(r0, w0), op.at(r1, w0) - op.at(r0, w0), op.at(r0, w1) - op.at(r0, w0)
    d = op.at(r1, w1) - a - b - c
    shift_r, shift_w = (
        ChannelCount(side.fixed - start, side.groups, side.ids)
        for side, start in ((reads, r0 if r1 > r0 else 0), (writes, w0 if w1 > w0 else 0))
    )
    one = ChannelCount(1, {}, np.zeros(1, np.int64))
    total.add_fixed(a)
    total.add_product(b / high, shift_r, one)
    total.add_product(c / wide, one, shift_w)
    total.add_product(d / (high * wide), shift_r, shift_w)


def _channels(side: ChannelCount, widths: Sequence[Sequence[int]]) -> list[float]:
    """Return how many channels a side has at each width of its only group."""
    if not side.groups:
        return [float(side.fixed)]
    [(group, each)] = side.groups.items()
    return [side.fixed + each * width for width in widths[group]]
