"""What a layer, an operation or an activation is, whatever name Keras gives it.

An operation of `keras.ops` stands in a graph as an object of a class that no documentation names.
`op_name` is the one place that looks at these classes; tables are written with the names it
returns. `tests/test_keras_facts.py` holds every name here to Keras.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import keras

from tfprune.keras_facts.origins import name_of, package_of
from tfprune.keras_facts.probing import treats_each_alone


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

ELEMENTWISE_FUNCTIONS = _names(
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear "
    "log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink softplus softsign sparse_plus "
    "sparse_sigmoid squareplus tanh tanh_shrink threshold"
)
"""Functions of `keras.activations` that treat each value alone."""

MIXING_FUNCTIONS = _names("glu log_softmax softmax sparsemax")
"""Functions of `keras.activations` in which values meet."""

NEVER_NEGATIVE_FUNCTIONS = _names("exponential hard_sigmoid relu relu6 sigmoid softmax softplus")
"""Functions of `keras.activations` whose values are never below zero."""

_COMPUTED_BY = {
    "".join(map(str.capitalize, name.split("_"))): name
    for name in (ELEMENTWISE_FUNCTIONS | MIXING_FUNCTIONS) - {"exponential", "linear"}
} | {"Exp": "exponential"}
"""Operation → the function of `keras.activations` that computes the same."""

_ELEMENTWISE_ELSEWHERE = {
    "tensorflow": ELEMENTWISE_FUNCTIONS | {"swish"},
    "keras_hub": _names("gelu_approximate quick_gelu"),
}

ELEMENTWISE_OPS = _names(
    "Absolute Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Cast Cbrt Ceil Conjugate Copy Cos "
    "Cosh Erf Erfc Exp2 Expm1 Fabs Floor Imag Isfinite Isinf Isnan Log Log10 Log1p Log2 "
    "LogicalNot NanToNum Negative OnesLike Real Reciprocal ReluWithLimits Round Rsqrt Sign Sin "
    "Sinc Sinh Sqrt Square StopGradient Tan Trunc ZerosLike"
) | {operation for operation, name in _COMPUTED_BY.items() if name in ELEMENTWISE_FUNCTIONS}
"""Operations of one tensor that treat each of its values alone."""

JOINING_OPS = _names(
    "Add Arctan2 Divide DivideNoNan Equal FloorDivide Greater GreaterEqual Hypot Less LessEqual "
    "Logaddexp LogicalAnd LogicalOr LogicalXor Maximum Minimum Mod Multiply NotEqual Power "
    "Subtract TrueDivide Where"
)
"""Operations in which tensors meet element by element."""


_OPS = "keras.src.ops."
_ACTIVATIONS = "keras.src.activations."


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


def activation_name(function: Any) -> str | None:
    """Return the name of one of Keras' activations, "linear" for None; None for any other function.

    Example:
        >>> [activation_name(keras.activations.get(name)) for name in ("swish", None)]
        ['silu', 'linear']
    """
    name = "linear" if function is None else name_of(function)
    own = function is None or getattr(keras.activations, name, None) is function
    return name if own else None


def activation_of(operation: Any) -> str | None:
    """Return the name of the activation that a layer or operation is, None if it is another thing.

    Example:
        >>> layers = keras.layers.Activation("swish"), keras.layers.ReLU(6), keras.layers.Flatten()
        >>> [activation_of(layer) for layer in layers]
        ['silu', 'relu6', None]
    """
    if type(operation) is keras.layers.Activation:
        return activation_name(operation.activation)
    name = _relu_name(operation) if type(operation) is keras.layers.ReLU else op_name(operation)
    return _COMPUTED_BY.get(name or "")


def holds_own_function(layer: Any) -> bool:
    """Whether this is an Activation layer of a function that is not Keras' own.

    Example:
        >>> [holds_own_function(keras.layers.Activation(f)) for f in ("relu", lambda x: x * 2)]
        [False, True]
    """
    return type(layer) is keras.layers.Activation and activation_name(layer.activation) is None


def is_elementwise(function: Any) -> bool:
    """Whether an activation treats each value alone: None, Keras' own, a layer, or any function.

    A function of the user's own is tried, whatever it is called.

    Example:
        >>> [is_elementwise(keras.activations.get(name)) for name in (None, "swish", "softmax")]
        [True, True, False]
    """
    name = activation_name(function)
    if type(function) in ELEMENTWISE_LAYERS or name is not None:
        return name in ELEMENTWISE_FUNCTIONS or type(function) in ELEMENTWISE_LAYERS
    name = name_of(function)
    if name in _ELEMENTWISE_ELSEWHERE.get(package_of(function), frozenset()):
        return True
    mixes_or_holds = name in MIXING_FUNCTIONS or isinstance(function, keras.layers.Layer)
    return not mixes_or_holds and treats_each_alone(function)
