"""The Keras layer that computes the layer inside it as int8 will."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import keras

from tfprune.keras_internals import growing
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.fake_quantize import FakeQuantize
from tfprune.wrapping import Around, bare


def _calling(wrapper: Any, layer: Any) -> Any:
    """Return a `call` with the signature of the layer's, and `training`."""
    signature = inspect.signature(layer.call)
    parameters = [p for p in signature.parameters.values() if p.name != "training"]
    plain = signature.replace(parameters=parameters)
    training = inspect.Parameter("training", inspect.Parameter.KEYWORD_ONLY, default=None)
    at = next((i for i, p in enumerate(parameters) if p.kind is p.VAR_KEYWORD), len(parameters))

    @functools.wraps(layer.call)
    def call(*args: Any, training: Any = None, **kwargs: Any) -> Any:
        return wrapper.compute(*_sorted(plain, args, kwargs), training=bool(training))

    ordered = [*parameters[:at], training, *parameters[at:]]
    call.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
    return call


def _sorted(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the first argument by position and the others by name, without defaults.

    Keras builds a layer by calling it with every argument by name, but names its first argument
    `inputs` or `x`; a rule need not know which.
    """
    bound = signature.bind(*args, **kwargs)
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        return bound.args, bound.kwargs
    (_, first), *others = bound.arguments.items()
    defaults = {name: p.default for name, p in signature.parameters.items()}
    return (first,), {name: v for name, v in others if v is not defaults[name]}


def _is_float(value: Any) -> bool:
    tensor = isinstance(value, keras.KerasTensor) or keras.ops.is_tensor(value)
    return tensor and "float" in keras.backend.standardize_dtype(value.dtype)


@keras.saving.register_keras_serializable("tfprune")
class Quantized(Around):
    """Compute a layer with weights and intermediate results rounded to int8.

    It takes the name and the call signature of its layer. `layer` holds the float weights that
    are trained; what is rounded is computed from them in each call. The rule for the layer's type
    says how, or the layer's own method `int8_call(q, *inputs)`, see `Arithmetic`.

    Args:
        layer: A layer, with or without a wrapper that carries pruning masks, or an operation.
        norm: The BatchNormalization that follows and is folded into it.
        output: A `FakeQuantize` for its output; None if that is rounded elsewhere.
        keeps_zeros: Whether weights that are zero stay zero in training.
        momentum: Of the ranges inside the layer.
        ranges: The names of the ranges inside it, as far as known.
        ids_from_zero: Whether it is a table whose ids are never below zero.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(
        self,
        layer: Any,
        norm: Any = None,
        output: FakeQuantize | None = None,
        keeps_zeros: bool = False,
        momentum: float = 0.99,
        ranges: list[str] | None = None,
        ids_from_zero: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(layer, _calling(self, layer), **kwargs)
        self._allow_non_tensor_positional_args = True  # as operations do: x * 2.0
        self.norm = norm
        self.output_range = output
        self.keeps_zeros = keeps_zeros
        self.momentum = momentum
        self.ids_from_zero = ids_from_zero
        self._ranges: list[str] = []
        for name in ranges or ():
            self.range_named(name)

    def compute(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool) -> Any:
        """Return what the layer computes, rounded."""
        from tfprune.quantization.rules import find_rule

        if isinstance(self.layer, keras.layers.Layer) and not self.layer.built:
            self.layer(*args, **kwargs)
        inner = bare(self.layer)
        rule = find_rule(inner)
        if not rule.keeps_whole and not any(map(_is_float, keras.tree.flatten((args, kwargs)))):
            return self.layer(*args, **kwargs)  # a shared layer, called on integers this time
        if rule.compute is not None:
            outputs = rule.compute(inner, Arithmetic(self, training), *args, **kwargs)
        else:
            outputs = self.layer(*args, **kwargs)
        return outputs if self.output_range is None else self.output_range(outputs)

    def range_named(self, name: str) -> FakeQuantize:
        """Return the range of that name, new if this is the first call."""
        attribute = f"{name}_range"
        if name not in self._ranges:
            with growing(self):  # a layer that was built from the start makes this one built, too
                setattr(self, attribute, FakeQuantize(self.momentum, name=attribute))
            self._ranges.append(name)
        return getattr(self, attribute)

    def get_build_config(self) -> None:
        """Return nothing: the layer is built by its first call."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the layers inside, serialized, and the names of the ranges."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "layer": serialize(self.layer),
            "norm": serialize(self.norm),
            "output": serialize(self.output_range),
            "keeps_zeros": self.keeps_zeros,
            "momentum": self.momentum,
            "ranges": list(self._ranges),
            "ids_from_zero": self.ids_from_zero,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Quantized:
        """Build the wrapper from `get_config()`."""
        load = keras.saving.deserialize_keras_object
        inside = {key: load(config[key]) for key in ("layer", "norm", "output")}
        return cls(**{**config, **inside})
