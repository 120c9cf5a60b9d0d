"""Activation functions, as layers, operations, or inside other layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import layers, ops

from tfprune.keras_facts import activation_name, activation_of, op_name
from tfprune.keras_facts.origins import name_of
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


def _prelu(layer: Any, q: Arithmetic, x: Any) -> Any:
    below = q.range(ops.relu(x * q.constant(-1.0)), "below")  # NEG has no int8 kernel
    return q.range(ops.relu(x), "above") + q.range(below * q.kernel(-layer.alpha, None), "sloped")


def _sloped_elu(layer: Any, q: Arithmetic, x: Any) -> Any:
    found = q.range(ops.elu(x), "elu")
    below = q.range(ops.relu(found * q.constant(-1.0)), "below")
    return q.range(ops.relu(found), "above") + q.range(below * q.constant(-layer.alpha), "sloped")


_KNOWN: dict[str, Int8Activation] = {
    "linear": Int8Activation(fused=True),
    "relu": Int8Activation(fused=True),
    "relu6": Int8Activation(fused=True),
    "silu": Int8Activation(_silu),
    "hard_silu": Int8Activation(),
    "gelu": Int8Activation(),
    "leaky_relu": Int8Activation(),
    "elu": Int8Activation(),  # what the converter leaves float, `convert` makes int8
    "sigmoid": Int8Activation(output=UNIT),
    "tanh": Int8Activation(output=SYMMETRIC_UNIT),
    "softmax": Int8Activation(output=UNIT),
    "hard_sigmoid": Int8Activation(_hard_sigmoid, output=(0.0, 1.0)),
}


def known(function: Any) -> Int8Activation | None:
    """Return how a function of `keras.activations` is computed in int8, None if it is not."""
    return _KNOWN.get(activation_name(function) or "")


def with_activation(rule: Int8Rule, function: Any, norm: bool = True) -> Int8Rule:
    """Return the rule of a layer whose own activation is this function.

    Args:
        rule: What holds without an activation.
        function: The activation.
        norm: Whether a BatchNormalization behind the layer could be folded.
    """
    found = known(function)
    if found is None:
        reason = f"its activation {name_of(function)} stays float"
        return Int8Rule(compute=rule.compute, reason=reason)
    if not found.fused:
        return Int8Rule(compute=rule.compute, output=found.output)
    plain = activation_name(function) == "linear"
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
    return activation_of(layer) in ("relu", "relu6")


def find(layer: Any) -> Int8Rule | None:
    """Return the rule of an activation layer or operation, None if it is none."""
    if isinstance(layer, layers.Softmax):
        return Int8Rule(output=UNIT) if layer.axis == -1 else left_alone("its axis is not the last")
    if isinstance(layer, layers.LeakyReLU):
        return Int8Rule()
    if isinstance(layer, layers.ELU) or op_name(layer) == "Elu":
        return Int8Rule(compute=None if layer.alpha == 1.0 else _sloped_elu)
    if isinstance(layer, layers.PReLU):
        return Int8Rule(compute=_prelu)
    found = _KNOWN.get(activation_of(layer) or "")
    if found is not None:
        compute = found.compute
        if compute is None:
            return Int8Rule(output=found.output)
        return Int8Rule(compute=lambda _, q, x, *args, **kwargs: compute(q, x), output=found.output)
    if isinstance(layer, layers.ReLU):
        return left_alone("TFLite has no op for a relu with this maximum or threshold")
    if isinstance(layer, layers.Activation):
        name = getattr(layer.activation, "__name__", layer.activation)
        return left_alone(f"no int8 rule for {name}")
    return None
