"""Hard sigmoids and hard swishes, as layers or built of operations: forms that can run sparse."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers

from tfprune.graph import Calls
from tfprune.keras_facts import activation_of, op_name
from tfprune.rewriting.carrying import carrier
from tfprune.rewriting.editing import EXACT, Change, Edits, Make, New, fill
from tfprune.rewriting.numbers import constant_form

_SIXTH = 1 / 6


def harden(edits: Edits) -> None:
    """Bring hard sigmoids and hard swishes to forms without a constant operand.

    hard_sigmoid(x) = min(max(x / 6 + 1/2, 0), 1): the division goes into the weights of the layer
    that makes x, what remains is `ReLU(max_value=1.0)`. x * hard_sigmoid(x) becomes one
    activation, "hard_silu".
    """
    for node in edits.calls.nodes:
        if node not in edits.part:
            continue
        if _fused(node.operation):
            edits.instead(node, _unfused(edits, node))
            what = (
                "its hard sigmoid becomes ReLU(max_value=1.0), its division goes into the weights"
            )
            edits.changes.append(Change(node.operation.name, what, EXACT))
            continue
        source = hard_sigmoid_of(edits.calls, node)
        if source is None:
            continue
        swishes = [r for r in edits.calls.readers(node.outputs[0]) if _is_product(r, source, node)]
        for swish in swishes:
            edits.instead(swish, _swish(edits, swish, source))
            what = "x * hard_sigmoid(x) becomes one activation, hard_silu"
            edits.changes.append(Change(swish.operation.name, what, EXACT))
        if len(swishes) < len(edits.calls.readers(node.outputs[0])) or not swishes:
            _clamp(edits, node, source)


def hard_sigmoid_of(calls: Calls, node: Any) -> Any:
    """Return the tensor whose hard sigmoid a call makes, None if it makes something else."""
    operation = node.operation
    if activation_of(operation) == "hard_sigmoid":
        return node.input_tensors[0]
    scaled = constant_form(node)
    if scaled is None or not _near(scaled, _SIXTH, 0.0):
        return None
    clamp = calls.maker(node.input_tensors[0])
    if clamp is None or not _is_relu6(clamp.operation):
        return None
    shift = calls.maker(clamp.input_tensors[0])
    moved = None if shift is None else constant_form(shift)
    return shift.input_tensors[0] if moved is not None and _near(moved, 1.0, 3.0) else None


def _clamp(edits: Edits, node: Any, source: Any) -> None:
    maker = edits.calls.maker(source)
    if maker is not None and _can_take(edits, maker, source):
        edits.instead(maker, _scaled(edits, maker))
        where = "its division goes into the weights"
    elif len(source.shape) == 4:
        where = "its division becomes a depthwise convolution"
    else:
        return
    edits.instead(node, _clamped(edits, node, source, edits.is_changed(maker)))
    what = f"hard sigmoid behind it becomes ReLU(max_value=1.0), {where}"
    subject = node.operation if maker is None else maker.operation
    edits.changes.append(Change(subject.name, f"the {what}", EXACT))


def _can_take(edits: Edits, maker: Any, source: Any) -> bool:
    layer = maker.operation
    linear = type(layer) in (layers.Conv2D, layers.Dense) and _is_linear(layer)
    alone = len(edits.calls.of(layer)) == 1 and not edits.is_changed(maker)
    readers = {id(r) for r in edits.calls.readers(source)}
    return linear and alone and len(readers) == 1 and id(source) not in edits.calls.outputs


def _is_linear(layer: Any) -> bool:
    return layer.activation is keras.activations.linear


def _fused(layer: Any) -> bool:
    return type(layer) in (layers.Conv2D, layers.Dense) and (
        layer.activation is keras.activations.hard_sigmoid
    )


def _unfused(edits: Edits, node: Any) -> Make:
    name = edits.name(f"{node.operation.name}_gate")

    def make(new: New) -> Any:
        x = edits.once(id(node.operation), lambda: _sixth(node.operation))(
            new(node.input_tensors[0])
        )
        return layers.ReLU(max_value=1.0, name=name)(x)

    return make


def _scaled(edits: Edits, maker: Any) -> Make:
    return lambda new: _sixth(maker.operation)(new(maker.input_tensors[0]))


def _sixth(layer: Any) -> Any:
    """Return a linear layer that computes a sixth of what `layer` does, plus 1/2."""
    config = {**layer.get_config(), "use_bias": True, "activation": "linear"}
    fresh = type(layer).from_config(config)
    unknown = [None] * max(1, len(layer.kernel.shape) - 1)
    fresh.build((*unknown, layer.kernel.shape[-2] * getattr(layer, "groups", 1)))
    bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(layer.kernel.shape[-1], "float32")
    fill(fresh, layer, kernel=np.asarray(layer.kernel) / 6, bias=bias / 6 + 0.5)
    return fresh


def _clamped(edits: Edits, node: Any, source: Any, scaled: bool) -> Make:
    own = isinstance(node.operation, keras.layers.Layer)
    name = node.operation.name if own else edits.name(f"{node.operation.name}_gate")
    division = None if scaled else edits.name(f"{name}_division")

    def make(new: New) -> Any:
        x = new(source)
        if division is not None:
            ones = np.ones(source.shape[-1], "float32")
            x = carrier(x, division, ones / 6, ones / 2)
        return layers.ReLU(max_value=1.0, name=name)(x)

    return make


def _swish(edits: Edits, node: Any, source: Any) -> Make:
    own = isinstance(node.operation, keras.layers.Layer)
    name = node.operation.name if own else edits.name(f"{node.operation.name}_hard_silu")
    return lambda new: layers.Activation("hard_silu", name=name)(new(source))


def _is_product(reader: Any, source: Any, gate: Any) -> bool:
    kind = type(reader.operation)
    product = kind is layers.Multiply or op_name(reader.operation) == "Multiply"
    factors = {id(tensor) for tensor in reader.input_tensors}
    return product and factors == {id(source), id(gate.outputs[0])}


def _is_relu6(operation: Any) -> bool:
    if op_name(operation) == "Clip":
        return (operation.x_min, operation.x_max) == (0, 6)
    return activation_of(operation) == "relu6"


def _near(form: tuple[Any, Any], scale: float, offset: float) -> bool:
    return all(
        np.ndim(value) == 0 and math.isclose(value, wanted, rel_tol=1e-6, abs_tol=1e-9)
        for value, wanted in zip(form, (scale, offset), strict=True)
    )
