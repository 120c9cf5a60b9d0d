"""Layers that a user keeps float in a quantized file: found by name, and checked in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tfprune.errors import PruneError
from tfprune.layer_names import Names, Place, Selection, Selectors
from tfprune.linking.layer_ops import LayerOps, computes_in_float, ops_of
from tfprune.notes import Note
from tfprune.tflite.model import TFLiteModel

_NO_OP = (
    "there is no op of its own in the file: it is folded into a neighbour, or does nothing in "
    "inference; name the layer it went into"
)


def find_layers(
    keep_float: Selectors, model: Any, layers: Sequence[LayerOps]
) -> tuple[LayerOps, ...]:
    """Return the layers of a file that are meant.

    Raises:
        PruneError: a selector fits no layer, or only layers that have no op of their own.
    """
    names = Names(model)
    selection = Selection("keep_float", keep_float, names)
    things = [_places(layer, names) for layer in layers]
    selection.check(things, _NO_OP)
    found = zip(layers, things, strict=True)
    return tuple(layer for layer, places in found if selection.means(places))


def _places(layer: LayerOps, names: Names) -> list[Place]:
    paths = [tuple(name.split("/")) for name in layer.names]
    return [place for path in paths for place in names.at(path) or (Place(path),)]


def notes_on(layers: Iterable[LayerOps], tflite: TFLiteModel) -> tuple[Note, ...]:
    """Return a note for each layer that was to stay float, having seen it so in the written file.

    Raises:
        PruneError: an op of one of them computes with integers all the same.
    """
    notes = []
    for layer in layers:
        ops = ops_of(layer, tflite)
        if not ops or not all(computes_in_float(op, tflite) for op in ops):
            raise PruneError(
                f"keep {layer.name!r} float",
                f"in the file its {layer.op_names} computes with integers all the same",
                "leave it out of keep_float",
            )
        with_it = f"; one op with {', '.join(layer.fused)}" if layer.fused else ""
        notes.append(Note(layer.name, f"float as asked (keep_float): {layer.op_names}{with_it}"))
    return tuple(notes)
