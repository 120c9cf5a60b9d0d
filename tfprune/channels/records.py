"""What the rules said of a whole model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tfprune.channels.choices import Choices
from tfprune.channels.flow import Flow
from tfprune.channels.units import Ids, UnitLedger
from tfprune.keras_facts import sublayers
from tfprune.layer_names import Names, inner_path
from tfprune.notes import Note

Role = Literal["writes", "reads", "scales"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Binding:
    """One axis of one variable, with an id for each position; `carrier` is (tensor, axis)."""

    layer: Any
    name: str
    variable: Any
    axis: int
    role: Role
    ids: Ids
    carrier: tuple[Any, int] | None = None


class KeptUnits:
    """Which units stay, for whoever rebuilds a layer.

    Args:
        roots: Id → the id that stands for it.
        keep: For each id that stands for others, whether it stays.
    """

    def __init__(self, roots: Ids, keep: np.ndarray) -> None:
        self._keep = keep[roots]
        self._counts: dict[int, tuple[Ids, int]] = {}  # the ids stay alive with their id()

    def mask(self, ids: Ids) -> np.ndarray:
        """Return for each position whether it stays."""
        return self._keep[ids]

    def count(self, ids: Ids) -> int:
        """Return how many positions stay."""
        if id(ids) not in self._counts:
            self._counts[id(ids)] = ids, int(np.count_nonzero(self._keep[ids]))
        return self._counts[id(ids)][1]

    def positions(self, ids: Ids) -> np.ndarray:
        """Return the positions that stay."""
        return np.flatnonzero(self._keep[ids])


class Records:
    """Collects what rules say; read by `Structure`.

    Args:
        choices: What is tried where a rule has several possibilities.
        names: The names in the model.
    """

    def __init__(self, choices: Choices, names: Names) -> None:
        self.choices = choices
        self.path_of = names.path_of
        self.ledger = UnitLedger()
        self.bindings: dict[tuple[int, int], Binding] = {}
        self.settings: dict[int, dict[tuple, Ids]] = {}
        self.rewrites: dict[int, Any] = {}
        self.averaged: dict[int, int] = {}
        self.shared: dict[int, tuple[int, ...]] = {}
        self.flows: dict[int, Flow] = {}
        self.notes: list[Note] = []
        self._fixed: set[tuple[int, int]] = set()
        self._owners: dict[int, tuple[Any, str]] = {}

    def name_variables(self, layer: Any, path: tuple[str, ...]) -> None:
        """Remember the owner and the name of each variable of a layer and the layers inside it."""
        for child in sublayers(layer):
            self.name_variables(child, inner_path(path, child.name))
        for variable in layer.variables:
            self._owners.setdefault(
                id(variable), (layer, "/".join((*path, variable.name.split("/")[-1])))
            )

    def bind(
        self,
        layer: Any,
        variable: Any,
        axis: int,
        role: Role,
        ids: Ids | None,
        carrier: tuple[Any, int] | None = None,
    ) -> None:
        """Remember that the positions on an axis of a variable are these units; None is fixed."""
        if variable is None:
            return
        earlier = self.bindings.get((id(variable), axis))
        if ids is None or (id(variable), axis) in self._fixed:
            reason = f"{self.path_of(layer)} is also called with a fixed width"
            self._fixed.add((id(variable), axis))
            for found in (ids, None if earlier is None else earlier.ids):
                if found is not None:
                    self.ledger.keep(found, reason)
            return
        if variable.shape[axis] != len(ids):
            raise ValueError(
                f"{layer.name}: axis {axis} of {variable.name} {tuple(variable.shape)} was bound "
                f"to {len(ids)} units"
            )
        if earlier is not None:
            self.ledger.same(earlier.ids, ids)  # a layer that is called more than once
            return
        owner, name = self._owners.get(id(variable), (layer, variable.path))
        self.bindings[id(variable), axis] = Binding(
            layer=owner,
            name=name,
            variable=variable,
            axis=axis,
            role=role,
            ids=ids,
            carrier=carrier,
        )

    def setting(self, layer: Any, path: tuple, ids: Ids) -> None:
        """Remember what an entry of a layer's config counts."""
        if layer is None:
            return
        entries = self.settings.setdefault(id(layer), {})
        earlier = entries.setdefault(path, ids)
        if earlier is ids:
            return
        if len(earlier) == len(ids):
            self.ledger.same(earlier, ids)
            return
        for each in (earlier, ids):
            self.ledger.keep(each, f"{self.path_of(layer)} is called with several widths")

    def flow_of(self, tensor: Any, flow: Flow) -> Flow:
        """Remember and return the units of a tensor, of one that came before those it had."""
        earlier = self.flows.setdefault(id(tensor), flow)
        if earlier is flow:
            return flow
        for axis in {*earlier.units, *flow.units}:
            met = [ids for ids in (earlier[axis], flow[axis]) if ids is not None]
            if len(met) == 2:
                self.ledger.same(*met)
            else:
                self.ledger.keep(met[0], "a nested model is called with fixed width")
        return replace(earlier, floored=flow.floored)

    def note(self, layer: Any, reason: str) -> None:
        """Remember why a layer cannot be followed, once."""
        found = Note(self.path_of(layer), reason)
        if found not in self.notes:
            self.notes.append(found)
