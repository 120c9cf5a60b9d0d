"""Small files: one call of a layer alone, at each pair of widths; those that are the same, once."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfprune.allocate import evenly
from tfprune.channels import Group, KeptUnits, Structure
from tfprune.curves import OpTimes
from tfprune.export.call_file import call_file
from tfprune.surgery.pieces import call_alone
from tfprune.surgery.shrinking import shrink
from tfprune.surgery.sides import ChannelCount, OpCall, OpCalls

Times = dict[Path, float]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The files of one op, by widths.

    Args:
        op: The layer's path.
        reads, writes: The widths, ascending.
        paths: One row for each of `reads`, one column for each of `writes`.
        inside: As in `OpTimes`.
    """

    op: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    paths: list[list[Path]]
    inside: str = ""

    def timed(self, times: Times) -> OpTimes:
        """Return the op with what its files took."""
        rows = [[times[path] for path in row] for row in self.paths]
        if self.inside:  # what it takes whole stands in another row
            rows = [[value - row[-1] for value in row] for row in rows]
        found = tuple(map(tuple, rows))
        return OpTimes(
            op=self.op, reads=self.reads, writes=self.writes, times=found, inside=self.inside
        )


class SmallFiles:
    """Makes the files of a model's ops, and of the whole model.

    Args:
        structure: The traced model.
        groups: The groups whose widths vary.
        folder: Where files are written.
        precision: Their number format.
        round_to: Widths are multiples of it.
        widths: At how many widths at most.
    """

    def __init__(
        self,
        structure: Structure,
        groups: Sequence[Group],
        folder: Path,
        *,
        precision: str,
        round_to: int,
        widths: int,
    ) -> None:
        self._structure, self._groups, self._folder = structure, list(groups), folder
        self._round_to = round_to
        self._quantize = None if precision == "float32" else precision
        self._steps = [_steps(group.size, round_to, widths) for group in groups]
        self._keys = dict(zip(map(id, structure.groups), structure.keys, strict=True))
        self._known: dict[str, Path] = {}
        self.calls = OpCalls(structure, groups).calls

    @property
    def paths(self) -> list[Path]:
        """The files made so far."""
        return list(self._known.values())

    def grids(self, call: OpCall) -> list[Grid]:
        """Return the files of one call: by what it reads and writes, and by what lies inside."""
        rows, columns = (self._cuts(list(side.groups)) for side in (call.reads, call.writes))
        kept = [[self._kept({**row, **column}) for column in columns] for row in rows]
        found = [
            Grid(
                op=call.name,
                reads=_counts(call.reads, [row[0] for row in kept]),
                writes=_counts(call.writes, kept[0]),
                paths=[[self._file(call, one) for one in row] for row in kept],
            )
        ]
        for number in call.inside:
            cuts = self._cuts([number])
            found.append(
                Grid(
                    op=call.name,
                    reads=(0,),
                    writes=tuple(cut[number] for cut in cuts),
                    paths=[[self._file(call, self._kept(cut)) for cut in cuts]],
                    inside=self._keys[id(self._groups[number])],
                )
            )
        return found

    def at_most(self, call: OpCall) -> int:
        """Return how many files `grids` makes of a call, if none of them is there already."""
        sides = (len(self._cuts(list(side.groups))) for side in (call.reads, call.writes))
        return math.prod(sides) + sum(len(self._cuts([number])) for number in call.inside)

    def whole(self, share: float) -> tuple[Path, KeptUnits]:
        """Return the file of the whole model without about a share of each width."""
        nearest = {
            n: min(
                multiples(group.size, self._round_to),
                key=lambda w: abs(w - (1 - share) * group.size),
            )
            for n, group in enumerate(self._groups)
        }
        kept = self._kept(nearest)
        path = self._folder / f"whole-{100 * share:.0f}.tflite"
        path.write_bytes(call_file(shrink(self._structure, kept)[0], self._quantize))
        return path, kept

    def _cuts(self, numbers: Sequence[int]) -> list[dict[int, int]]:
        """Return widths of some groups that narrow together, the narrowest first."""
        most = max((len(self._steps[n]) for n in numbers), default=1)
        places = np.linspace(0, 1, most) if most > 1 else np.ones(1)
        return [
            {n: self._steps[n][round(place * (len(self._steps[n]) - 1))] for n in numbers}
            for place in places.tolist()
        ]

    def _kept(self, widths: dict[int, int]) -> KeptUnits:
        by_group = {id(self._groups[n]): width for n, width in widths.items()}
        keep = [
            np.arange(group.size) < by_group.get(id(group), group.size)
            for group in self._structure.groups
        ]
        return self._structure.kept(keep)

    def _file(self, call: OpCall, kept: KeptUnits) -> Path:
        model = call_alone(self._structure, kept, call.step)
        key = _told(model)
        if key not in self._known:
            path = self._folder / f"{len(self._known)}.tflite"
            path.write_bytes(call_file(model, self._quantize))
            self._known[key] = path
        return self._known[key]


def multiples(size: int, round_to: int) -> list[int]:
    """Return all widths, from the narrowest to the whole."""
    return [*range(round_to, size, round_to), size]


def _steps(size: int, round_to: int, widths: int) -> list[int]:
    """Return widths from the narrowest to the whole.

    Example:
        >>> _steps(64, 8, 4), _steps(6, 8, 4)
        ([8, 24, 48, 64], [6])
    """
    return evenly(multiples(size, round_to), widths)


def _counts(side: ChannelCount, kept: Sequence[KeptUnits]) -> tuple[int, ...]:
    return tuple(int(np.count_nonzero(one.mask(side.ids))) for one in kept)


def _told(model: Any) -> str:
    """Return what tells one small model from another: shapes and settings, names left out."""
    inputs = [[list(tensor.shape), str(tensor.dtype)] for tensor in model.inputs]
    layers = [
        [type(layer).__name__, keras.saving.serialize_keras_object(layer)["config"]]
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    return json.dumps([inputs, _nameless(layers)], default=str, sort_keys=True)


def _nameless(value: Any) -> Any:
    if isinstance(value, dict):
        left_out = ("name", "build_config", "registered_name")
        return {key: _nameless(own) for key, own in value.items() if key not in left_out}
    return [_nameless(own) for own in value] if isinstance(value, (list, tuple)) else value
