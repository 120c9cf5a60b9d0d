"""Activation functions, as layers, operations, or inside other layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import activations, layers, ops

from tfprune.keras_facts import op_name
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.rule import LEARNED, Int8Rule, left_alone

# The output ranges of these ops in TFLite: tensorflow/lite/g3doc/performance/quantization_spec.md.
UNIT = (0.0, 255 / 256)
SYMMETRIC_UNIT = (-1.0, 127 / 128)


@dataclass(frozen=True)
class Int8Activation:
    """How an activation function is computed in int8.

    Args:
        compute: `compute(q, x)` of rounded inputs, None for the function itself.
        output: As in `Int8Rule`.
        fused: Whether it is part of the int8 op before it, whose result is not rounded then.
    """

    compute: Callable[[Arithmetic, Any], Any] | None = None
    output: str | tuple[float, float] = LEARNED
    fused: bool = False


def _silu(q: Arithmetic, x: Any) -> Any:
    return x * q.fixed(ops.sigmoid(x), *UNIT)


def _hard_sigmoid(q: Arithmetic, x: Any) -> Any:
    return q.fixed(ops.relu6(x + q.constant(3.0)), 0.0, 6.0) * q.constant(1 / 6)


_KNOWN: dict[Any, Int8Activation] = {
    activations.linear: Int8Activation(fused=True),
    activations.relu: Int8Activation(fused=True),
    activations.relu6: Int8Activation(fused=True),
    activations.silu: Int8Activation(_silu),
    activations.hard_silu: Int8Activation(),
    activations.gelu: Int8Activation(),
    activations.leaky_relu: Int8Activation(),
    activations.sigmoid: Int8Activation(output=UNIT),
    activations.tanh: Int8Activation(output=SYMMETRIC_UNIT),
    activations.softmax: Int8Activation(output=UNIT),
    activations.hard_sigmoid: Int8Activation(_hard_sigmoid, output=(0.0, 1.0)),
}
_BY_NAME: dict[str, Any] = {
    "Relu": activations.relu,
    "Relu6": activations.relu6,
    "Silu": activations.silu,
    "HardSilu": activations.hard_silu,
    "Gelu": activations.gelu,
    "LeakyRelu": activations.leaky_relu,
    "Sigmoid": activations.sigmoid,
    "Tanh": activations.tanh,
    "Softmax": activations.softmax,
    "HardSigmoid": activations.hard_sigmoid,
}


def known(function: Any) -> Int8Activation | None:
    """Return how a function of `keras.activations` is computed in int8, None if it is not."""
    return _KNOWN[activations.linear] if function is None else _KNOWN.get(function)


def with_activation(rule: Int8Rule, function: Any, norm: bool = True) -> Int8Rule:
    """Return the rule of a layer whose own activation is this function.

    Args:
        rule: What holds without an activation.
        function: The activation.
        norm: Whether a BatchNormalization behind the layer could be folded.
    """
    found = known(function)
    if found is None:
        name = getattr(function, "__name__", type(function).__name__)
        return Int8Rule(compute=rule.compute, reason=f"its activation {name} stays float")
    if not found.fused:
        return Int8Rule(compute=rule.compute, output=found.output)
    plain = function in (None, activations.linear)
    return Int8Rule(
        compute=rule.compute, fuses_relu=rule.fuses_relu and plain, fuses_norm=norm and plain
    )


def activate(q: Arithmetic, function: Any, x: Any) -> Any:
    """Return the activation of values that are not rounded yet, at the end of a layer."""
    found = known(function)
    if found is not None and found.fused:
        return x if function is None else function(x)
    x = q.range(x, "before_activation")
    return function(x) if found is None or found.compute is None else found.compute(q, x)


def is_relu(layer: Any) -> bool:
    """Whether a layer or operation is relu or relu6, which int8 ops have built in."""
    if isinstance(layer, layers.ReLU):
        plain = layer.negative_slope == 0 and layer.threshold == 0
        return bool(plain and layer.max_value in (None, 6))
    return _function(layer) in (activations.relu, activations.relu6)


def find(layer: Any) -> Int8Rule | None:
    """Return the rule of an activation layer or operation, None if it is none."""
    if isinstance(layer, layers.ReLU):
        return _relu(layer)
    if isinstance(layer, layers.Softmax):
        return Int8Rule(output=UNIT) if layer.axis == -1 else left_alone("its axis is not the last")
    if isinstance(layer, (layers.LeakyReLU, layers.PReLU, layers.ELU)):
        return (
            Int8Rule() if isinstance(layer, layers.LeakyReLU) else left_alone("no int8 rule for it")
        )
    function = _function(layer)
    if function is None:
        return None
    found = known(function)
    if found is None:
        return left_alone(f"no int8 rule for {getattr(function, '__name__', function)}")
    compute = found.compute
    if compute is None:
        return Int8Rule(output=found.output)
    return Int8Rule(compute=lambda _, q, x, *args, **kwargs: compute(q, x), output=found.output)


def _relu(layer: Any) -> Int8Rule:
    if is_relu(layer) or (layer.max_value is None and layer.threshold == 0):
        return Int8Rule()
    return left_alone("TFLite has no op for a relu with this maximum or threshold")


def _function(layer: Any) -> Any:
    if isinstance(layer, layers.Activation):
        return layer.activation
    if isinstance(layer, keras.layers.Layer):
        return None
    return _BY_NAME.get(op_name(layer) or "")
