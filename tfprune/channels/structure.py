"""Structure: what a traced model is made of, and what follows when units are removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tfprune.channels.flow import Flow
from tfprune.channels.groups import Group, find_groups
from tfprune.channels.records import Binding, KeptUnits, Records
from tfprune.channels.units import Ids
from tfprune.notes import Note


class Structure:
    """A model's groups of units; made by `trace`.

    Args:
        model: The model, not changed.
        records: What the rules said.
    """

    def __init__(self, model: Any, records: Records) -> None:
        self.model = model
        self._records = records
        self._roots = records.ledger.roots()

    @cached_property
    def groups(self) -> list[Group]:
        """The groups, in the order in which the model produces them."""
        return find_groups(self.bindings, self._roots, self._reasons)

    @cached_property
    def keys(self) -> list[str]:
        """A name for each group that no other has: a layer may produce several."""
        met: Counter[str] = Counter()
        found = []
        for group in self.groups:
            met[group.name] += 1
            found.append(group.name if met[group.name] == 1 else f"{group.name}#{met[group.name]}")
        return found

    def roots(self, ids: Ids) -> Ids:
        """Return for each id the one that stands for it."""
        return self._roots[ids]

    def stay(self, ids: Ids) -> bool:
        """Whether all of these units must stay."""
        return all(root in self._reasons for root in np.unique(self._roots[ids]).tolist())

    @cached_property
    def _reasons(self) -> dict[int, str]:
        return self._records.ledger.kept(self._roots)

    @property
    def bindings(self) -> list[Binding]:
        """Every axis of every variable on which units lie."""
        return list(self._records.bindings.values())

    @property
    def notes(self) -> tuple[Note, ...]:
        """The layers and operations that could not be followed."""
        return tuple(self._records.notes)

    def kept(self, keep: Sequence[np.ndarray]) -> KeptUnits:
        """Return what stays if each group keeps the units that its array marks.

        Args:
            keep: For each group, one boolean for each unit.
        """
        stays = np.ones(len(self._roots), dtype=bool)
        for group, mask in zip(self.groups, keep, strict=True):
            stays[group.roots] = mask
        return KeptUnits(self._roots, stays)

    def positions(self, kept: KeptUnits) -> dict[int, list[tuple[int, np.ndarray]]]:
        """Return id of a variable → (axis, positions that stay) wherever some go."""
        cuts: dict[int, list[tuple[int, np.ndarray]]] = {}
        for binding in self.bindings:
            stay = kept.positions(binding.ids)
            if len(stay) < len(binding.ids):
                cuts.setdefault(id(binding.variable), []).append((binding.axis, stay))
        return cuts

    def shape(self, tensor: Any, kept: KeptUnits) -> tuple[int | None, ...]:
        """Return the shape of a tensor of the graph after the removal."""
        flow = self.flow(tensor)
        counts = {axis: kept.count(ids) for axis, ids in flow.units.items()}
        return tuple(counts.get(axis, length) for axis, length in enumerate(flow.shape))

    def flow(self, tensor: Any) -> Flow:
        """Return the units of a tensor of the graph."""
        return self._records.flows[id(tensor)]

    def settings(self, layer: Any) -> dict[tuple, np.ndarray]:
        """Return which entries of a layer's config count which units."""
        return self._records.settings.get(id(layer), {})

    @property
    def rewrites(self) -> bool:
        """Whether some calls must be made differently when units are removed."""
        return bool(self._records.rewrites)

    def rewrite(self, node: Any) -> Any:
        """Return how a call is made when units are removed, None if as before."""
        return self._records.rewrites.get(id(node))

    def averaged_axis(self, layer: Any) -> int | None:
        """Return the axis over whose units a layer takes statistics, None if it takes none."""
        return self._records.averaged.get(id(layer))

    def shared_axes(self, node: Any) -> tuple[int, ...]:
        """Return the axes whose units share one sum in a call, as in a softmax; none if not."""
        return self._records.shared.get(id(node), ())
