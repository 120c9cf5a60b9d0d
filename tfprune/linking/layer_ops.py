"""Which ops of a .tflite file do the work of which layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tfprune.keras_facts import is_tf_keras
from tfprune.keras_internals import layers_inside, maker
from tfprune.layer_names import layer_paths
from tfprune.linking.kernels import kernel_names
from tfprune.tflite.model import Op, TFLiteModel

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True)
class LayerOps:
    """A layer as a file has it.

    Args:
        name: The layer's name, with those of the layers around it: `"attention/query"`. An op
            that is no layer's (`keras.ops` in a graph) goes by the name of its tensor.
        fused: Other layers whose work is done in the same ops, such as a relu behind it.
        ops: Its ops; conversions between number formats are not among them.
        outputs: The names of the tensors these write.
    """

    name: str
    fused: tuple[str, ...]
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it answers to."""
        return (self.name, *self.fused)

    @property
    def op_names(self) -> str:
        """The kinds of its ops, `"CONV_2D, ADD"`."""
        return ", ".join(dict.fromkeys(op.name for op in self.ops))


def layer_ops(model: Any, tflite: TFLiteModel) -> tuple[LayerOps, ...]:
    """Return the layers that have ops of their own in a file, in the order in which they run.

    The converter fuses ops and joins their names; the layer with the kernel gives its name to
    what came of it. A folded BatchNormalization and a Dropout have no ops.

    Args:
        model: The Keras or tf_keras model that was converted, None if it is not known.
        tflite: The converted file, float or quantized.
    """
    found: dict[str, tuple[dict[str, None], list[Op]]] = {}
    naming = _Naming(model, tflite)
    for op in tflite.all_ops:
        if op.name in CONVERSIONS or not op.outputs:  # what only sets a variable computes nothing
            continue
        main, *others = naming.of(op)
        fused, ops = found.setdefault(main, ({}, []))
        fused.update(dict.fromkeys(others))
        ops.append(op)
    return tuple(
        LayerOps(name, tuple(fused), tuple(ops), tuple(_outputs(ops, tflite)))
        for name, (fused, ops) in found.items()
    )


def layer_names(model: Any) -> tuple[str, ...]:
    """Return the names of all layers of a Keras or tf_keras model, also of those inside others.

    Inputs, which compute nothing, are left out.
    """
    layers = () if model is None else layers_inside(model)
    return tuple(layer.name for layer in layers if type(layer).__name__ != "InputLayer")


def is_of(layers: Iterable[LayerOps], names: Iterable[str]) -> bool:
    """Whether an op that writes tensors of these names, in a quantized file, is one of layers'.

    Quantizing joins the names of several outputs with `;`, and where an output of the model keeps
    its name, its source gets a number.
    """
    parts = {part for name in names for part in (*name.split(";"), name.removesuffix("1"))}
    parts.discard("")
    return any(parts & set(name.split(";")) for layer in layers for name in layer.outputs)


def ops_of(layer: LayerOps, tflite: TFLiteModel) -> list[Op]:
    """Return the ops of a layer in another file of the same model, quantized or not."""
    return [
        op
        for op in tflite.all_ops
        if op.name not in CONVERSIONS
        and is_of([layer], (tensor.name for tensor in tflite.written_by(op)))
    ]


def computes_in_float(op: Op, tflite: TFLiteModel) -> bool:
    """Whether an op neither reads integer weights nor writes integers."""
    weights = (tensor for tensor in tflite.read_by(op) if tensor is not None and tensor.is_constant)
    return not any(tensor.quantized for tensor in (*weights, *tflite.written_by(op)))


def kinds_left_out(float_layers: Iterable[LayerOps]) -> tuple[str, ...]:
    """Return the kinds of ops with several outputs in some layers, `"SPLIT"` for one.

    TensorFlow 2.21 leaves these out by kind alone, not by name. They only move values, so that
    others of their kind lose nothing when they do it in float, too.
    """
    ops = (op for layer in float_layers for op in layer.ops)
    return tuple(dict.fromkeys(op.name for op in ops if len(op.outputs) > 1))


def _outputs(ops: list[Op], tflite: TFLiteModel) -> Iterator[str]:
    return (tensor.name for op in ops for tensor in tflite.written_by(op))


class _Naming:
    """From an op to the names of its layers."""

    def __init__(self, model: Any, tflite: TFLiteModel) -> None:
        self._tflite = tflite
        self._layers = frozenset(layer_names(model))
        self._numbered = not is_tf_keras(model)
        # The last part of a kernel's name is the variable's, the one before the layer's.
        self._with_kernel = {name.split("/")[-2] for name in kernel_names(model) if "/" in name}
        self._ends = _makers(model)

    def of(self, op: Op) -> list[str]:
        """Return the name that an op goes by, and those of the other layers in it."""
        written = [tensor.name for tensor in self._tflite.written_by(op)]
        paths = [path for name in written for path in self._paths(name)]
        if not paths:
            read = [tensor for tensor in self._tflite.read_by(op) if tensor is not None]
            paths = [p for t in read if t.is_constant for p in self._paths(t.name)]
            paths += [self._ends[i] for i in map(_place, written) if i in self._ends]
        if not paths:
            return [written[0].split(";")[0]]
        main = next((path for path in paths if path[-1] in self._with_kernel), paths[0])
        return list(dict.fromkeys("/".join(path) for path in (main, *paths)))

    def _paths(self, tensor: str) -> list[tuple[str, ...]]:
        return layer_paths(tensor, self._layers, self._numbered)


def _makers(model: Any) -> dict[int, tuple[str, ...]]:
    """Return the layers that make the outputs, by their places in the exported signature."""
    outputs = getattr(model, "outputs", None)
    if not outputs or is_tf_keras(model):
        return {}
    # The signature sorts its names; those of outputs without one are output_0, output_1 and so on.
    names = [f"output_{i}" for i in range(len(outputs))]
    ordered = outputs
    if len(outputs) > 1 and not isinstance(model.output, dict):
        ordered = [tensor for _, tensor in sorted(zip(names, outputs, strict=True), key=_first)]
    return {i: (maker(tensor).name,) for i, tensor in enumerate(ordered)}


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _place(tensor: str) -> int:
    """Return which output of the exported function a tensor is, by its name; -1 for none."""
    found = re.fullmatch(r"StatefulPartitionedCall(?:_\d+)?:(\d+)", tensor)
    return int(found[1]) if found else -1
