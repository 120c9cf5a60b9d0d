"""Where classes and functions come from: Keras itself and which part of it, or somebody else.

The one place that looks at `__module__`; the tests hold every path written elsewhere to Keras.
"""

from __future__ import annotations

from typing import Any

_LAYERS = "keras.src.layers."

SCALED_SUM = "keras.src.applications.inception_resnet_v2.CustomScaleLayer"
"""The layer in which InceptionResNetV2 adds: x + scale * f(x)."""


def package_of(thing: Any) -> str:
    """Return the package of a class or a function, "" if it names none.

    Example:
        >>> import keras
        >>> package_of(keras.layers.Dense), package_of(len)
        ('keras', 'builtins')
    """
    return str(getattr(thing, "__module__", None) or "").partition(".")[0]


def name_of(thing: Any) -> str:
    """Return the name of a class or function, of another object that of its class.

    Example:
        >>> name_of(len), name_of(3)
        ('len', 'int')
    """
    return str(getattr(thing, "__name__", type(thing).__name__))


def class_path(thing: Any) -> str:
    """Return where the class of an object is written, `"keras.src.layers.core.dense.Dense"`."""
    kind: Any = type(thing)
    return f"{kind.__module__}.{kind.__qualname__}"


def part_of_keras(layer: Any) -> str:
    """Return the part of `keras.layers` that the class of a layer is from, "" if Keras has it not.

    Example:
        >>> import keras
        >>> part_of_keras(keras.layers.MaxPooling1D())
        'pooling.max_pooling1d'
    """
    module = str(type(layer).__module__)
    return module.removeprefix(_LAYERS) if module.startswith(_LAYERS) else ""


def is_keras_layer(layer: Any) -> bool:
    """Whether the class of a layer is one that Keras itself ships."""
    return part_of_keras(layer) != ""


def changes_keras_layer(layer: Any) -> bool:
    """Whether the class of a layer is somebody's own, made from one that Keras ships.

    Example:
        >>> import keras
        >>> changes_keras_layer(type("Mine", (keras.layers.Dense,), {})(2))
        True
    """
    modules = [str(base.__module__) for base in type(layer).__mro__]
    shipped = [m for m in modules if m.startswith(_LAYERS) and m != f"{_LAYERS}layer"]
    return bool(shipped) and not is_keras_layer(layer)


def is_tf_keras(model: Any) -> bool:
    """Whether this is a model of Keras 2; tf_keras is not imported to find out."""
    kinds = type(model).__mro__
    return any(package_of(kind) == "tf_keras" and kind.__name__ == "Model" for kind in kinds)
