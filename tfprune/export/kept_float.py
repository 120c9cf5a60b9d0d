"""Layers that a user keeps float in a quantized file: found by name, and checked in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tfprune.errors import PruneError
from tfprune.export.layer_ops import LayerOps, computes_in_float, layer_names, ops_of
from tfprune.layer_names import check_names, is_named, near
from tfprune.notes import Note
from tfprune.tflite.model import TFLiteModel


def find_layers(
    keep_float: Sequence[str], model: Any, layers: Sequence[LayerOps]
) -> tuple[LayerOps, ...]:
    """Return the layers of a file that some names and globs mean.

    Raises:
        PruneError: a name fits no layer, or only layers that have no op of their own.
    """
    own = [name for layer in layers for name in layer.names]
    check_names("keep_float", keep_float, (*layer_names(model), *own))
    for pattern in keep_float:
        if not any(is_named(name, [pattern]) for name in own):
            raise PruneError(
                f"keep_float={pattern!r}",
                "that layer has no op of its own in the file: it is folded into a neighbour, or "
                "does nothing in inference",
                f"name the layer it went into; those with ops are {near(pattern, own)}",
            )
    return tuple(
        layer for layer in layers if any(is_named(name, keep_float) for name in layer.names)
    )


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
