"""Groups: units that have the same members, so that they can be ranked and removed alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfprune.channels.records import Binding, Role

NO_WRITER = "no weights produce them"


@dataclass(frozen=True, eq=False)
class Member:
    """One axis of one variable along which the units of a group lie.

    Args:
        binding: The axis, with the id of the unit at each position.
        number: The number of the group.
        where: Id → (number of its group, which unit of that group it is).
    """

    binding: Binding
    number: int
    where: tuple[np.ndarray, np.ndarray] = field(repr=False)

    @property
    def layer(self) -> Any:
        """The layer that owns the variable."""
        return self.binding.layer

    @property
    def name(self) -> str:
        """`"conv1/kernel"`: the names of the layers around it, and the variable's own."""
        return self.binding.name

    @property
    def variable(self) -> Any:
        """The `keras.Variable`."""
        return self.binding.variable

    @property
    def axis(self) -> int:
        """The axis of the variable."""
        return self.binding.axis

    @property
    def role(self) -> Role:
        """Whether the variable produces the units ("writes"), sums over them, or scales them."""
        return self.binding.role

    @cached_property
    def units(self) -> np.ndarray:
        """For each position on the axis, which unit of the group lies there; -1 for no one."""
        group, unit = (table[self.binding.ids] for table in self.where)
        return np.where(group == self.number, unit, -1)


@dataclass(frozen=True, eq=False)
class Carrier:
    """A tensor of the graph that carries the units of a group along an axis to a reader."""

    tensor: Any
    axis: int
    units: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class Group:
    """Units that have the same members: channels, neurons or heads that are ranked together.

    Args:
        name: The layer that produces them first.
        roots: The id that stands for each unit.
        members: Every axis of every variable on which they lie.
        kept_whole: The reason why none may be removed; None if some may.
    """

    name: str
    roots: np.ndarray = field(repr=False)
    members: tuple[Member, ...] = field(repr=False)
    kept_whole: str | None

    @property
    def size(self) -> int:
        """The number of units."""
        return len(self.roots)

    @cached_property
    def tensors(self) -> tuple[Carrier, ...]:
        """The tensors that carry these units, as their readers see them, each once."""
        found: dict[int, Carrier] = {}
        for member in self.members:
            if member.binding.carrier is not None:
                tensor, axis = member.binding.carrier
                found.setdefault(id(tensor), Carrier(tensor, axis, member.units))
        return tuple(found.values())


def find_groups(
    bindings: Sequence[Binding], roots: np.ndarray, kept: dict[int, str]
) -> list[Group]:
    """Put units with the same members, and the same reason to stay, into one group."""
    classes: dict[tuple[bytes, str | None], list[int]] = {}
    for root, members in _members_of_roots(bindings, roots):
        classes.setdefault((members, kept.get(root)), []).append(root)
    group_of, unit_of = np.full((2, len(roots)), -1)
    for number, units in enumerate(classes.values()):
        group_of[units] = number
        unit_of[units] = np.arange(len(units))
    where = group_of[roots], unit_of[roots]
    return [
        _group(
            [bindings[i] for i in np.frombuffer(members, np.int64).tolist()],
            number,
            where,
            units,
            reason,
        )
        for number, ((members, reason), units) in enumerate(classes.items())
    ]


def _members_of_roots(bindings: Sequence[Binding], roots: np.ndarray) -> list[tuple[int, bytes]]:
    """Return for each root, in order, the indices of the bindings on which it lies, as int64."""
    if not bindings:
        return []
    lengths = [len(binding.ids) for binding in bindings]
    owners = np.repeat(np.arange(len(bindings)), lengths)
    lies = roots[np.concatenate([binding.ids for binding in bindings])]
    pairs = np.sort(lies * len(bindings) + owners)
    root, owner = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], len(bindings))
    starts = np.flatnonzero(np.diff(root, prepend=-1))
    members = owner.astype(np.int64).tobytes()
    ends = np.append(starts, len(owner))[1:]
    bounds = zip(root[starts].tolist(), (8 * starts).tolist(), (8 * ends).tolist(), strict=True)
    return [(number, members[start:end]) for number, start, end in bounds]


def _group(
    bindings: list[Binding],
    number: int,
    where: tuple[np.ndarray, np.ndarray],
    units: list[int],
    reason: str | None,
) -> Group:
    writers = [binding for binding in bindings if binding.role == "writes"]
    name = (writers or bindings)[0].name.rpartition("/")[0]
    members = tuple(Member(binding, number, where) for binding in bindings)
    return Group(name, np.array(units), members, reason or (None if writers else NO_WRITER))
