"""What a layer, an operation or an activation is, whatever name Keras gives it.

An operation of `keras.ops` stands in a graph as an object of a class that no documentation names.
`op_name` is the one place that looks at these classes; tables are written with the names it
returns. `tests/test_keras_facts.py` holds every name here to Keras.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import keras


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


PASS_THROUGH = (
    keras.layers.Identity,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
    keras.layers.ActivityRegularization,
)
"""Layers whose output is their input in inference."""

ELEMENTWISE_LAYERS = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU)
"""Layers of one function that treats each value alone."""

JOINING_LAYERS = (
    keras.layers.Add,
    keras.layers.Subtract,
    keras.layers.Multiply,
    keras.layers.Average,
    keras.layers.Maximum,
    keras.layers.Minimum,
)
"""Layers in which tensors meet element by element."""

ELEMENTWISE_OPS = _names(
    "Absolute Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Cast Cbrt Ceil Celu Conjugate Copy Cos "
    "Cosh Elu Erf Erfc Exp Exp2 Expm1 Fabs Floor Gelu HardShrink HardSigmoid HardSilu HardTanh "
    "Imag Isfinite Isinf Isnan LeakyRelu Log Log10 Log1p Log2 LogSigmoid LogicalNot Mish "
    "NanToNum Negative OnesLike Real Reciprocal Relu Relu6 ReluWithLimits Round Rsqrt Selu Sigmoid "
    "Sign Silu Sin Sinc Sinh SoftShrink Softplus Softsign SparsePlus SparseSigmoid Sqrt Square "
    "Squareplus StopGradient Tan Tanh TanhShrink Threshold Trunc ZerosLike"
)
"""Operations of one tensor that treat each of its values alone."""

JOINING_OPS = _names(
    "Add Arctan2 Divide DivideNoNan Equal FloorDivide Greater GreaterEqual Hypot Less LessEqual "
    "Logaddexp LogicalAnd LogicalOr LogicalXor Maximum Minimum Mod Multiply NotEqual Power "
    "Subtract TrueDivide Where"
)
"""Operations in which tensors meet element by element."""

ELEMENTWISE_FUNCTIONS = _names(
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu "
    "linear log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink softplus softsign "
    "sparse_plus sparse_sigmoid squareplus swish tanh tanh_shrink threshold"
)
"""Functions of `keras.activations` that treat each value alone."""

_OPS = "keras.src.ops."
_ACTIVATIONS = "keras.src.activations."
_LAYERS = "keras.src.layers."


def op_name(operation: Any) -> str | None:
    """Return the name of what an operation of `keras.ops` computes, None for anything else.

    It is the name of its class. `keras.activations.relu` has a class of its own, `ReLU`; it is told
    apart by what it computes: `"Relu"`, `"Relu6"`, `"LeakyRelu"`, or `"ReluWithLimits"` with any
    other maximum or threshold.

    Example:
        >>> from tfprune.keras_internals import maker
        >>> x = keras.Input((2,))
        >>> [op_name(maker(y)) for y in (keras.ops.relu(x), keras.activations.relu(x), x)]
        ['Relu', 'Relu', None]
    """
    kind: Any = type(operation)  # mypy calls no type[Any] hashable
    name = _class_name(kind)
    return _relu_name(operation) if name == "ReLU" else name


@lru_cache(maxsize=1024)
def _class_name(kind: Any) -> str | None:
    return str(kind.__name__) if kind.__module__.startswith((_OPS, _ACTIVATIONS)) else None


def _relu_name(operation: Any) -> str:
    limits = operation.negative_slope != 0, operation.max_value, operation.threshold
    names = {(False, None, 0): "Relu", (False, 6, 0): "Relu6", (True, None, 0): "LeakyRelu"}
    return names.get(limits, "ReluWithLimits")


def has_methods(layer: Any, protocol: Any) -> bool:
    """Whether the class of a layer has the methods of a protocol.

    `isinstance` says the same, but looks through all attributes each time; this looks once for
    each class.
    """
    kind: Any = type(layer)  # mypy calls no type[Any] hashable
    return _subclass(kind, protocol)


@lru_cache(maxsize=1024)
def _subclass(kind: Any, protocol: Any) -> bool:
    return issubclass(kind, protocol)


def is_keras_layer(layer: Any) -> bool:
    """Whether the class of a layer is one that Keras itself ships."""
    return type(layer).__module__.startswith(_LAYERS)


def is_elementwise(function: Any) -> bool:
    """Whether an activation is known to treat each value alone: None, Keras' own, or a layer.

    A function of the user's own is not known, whatever it is called.

    Example:
        >>> [is_elementwise(keras.activations.get(name)) for name in (None, "swish", "softmax")]
        [True, True, False]
    """
    if function is None or type(function) in ELEMENTWISE_LAYERS:
        return True
    name = getattr(function, "__name__", None)
    room = getattr(function, "__module__", None) or ""
    return name in ELEMENTWISE_FUNCTIONS and room.partition(".")[0] in ("keras", "tensorflow")
