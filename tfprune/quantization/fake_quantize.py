"""Fake quantization: values rounded to what int8 can hold, gradients passed straight through."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.quantizers import fake_quant_with_min_max_vars

from tfprune.wrapping import HoldsRange

_SMALLEST_RANGE = 1e-5
# Of a tensor that was zero everywhere so far, such as that of a relu which lets nothing through: a
# range of nothing makes scales that XNNPACK refuses, and any other holds zeros as well.
_OF_ZEROS = 1.0
# A channel this much smaller than the largest one counts as zero: XNNPACK refuses scales below
# 2^-32 (`src/operators/convolution-nhwc.c`).
_SMALLEST_SHARE = 2.0**-16
# An int32 bias holds 2^31 steps of (input scale x weight scale): with a weight range of at least
# this share of the bias it cannot overflow while input scales are above 1e-4.
_BIAS_SHARE = 2.0**-11
_SMALLEST_WEIGHT = 1e-6


@keras.saving.register_keras_serializable("tfprune")
class FakeQuantize(keras.layers.Layer, HoldsRange):
    """Round activations to the 256 values of an int8 tensor, whose range is learned in training.

    While training, the range follows the smallest and largest value of each batch by a moving
    average that starts with the first batch; in inference it is fixed. Before the first batch
    nothing is known of it, and values pass unchanged. Set `trainable = False` to freeze it in
    training too. Gradients pass within the range and vanish beyond it: Jacob et al.,
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", arXiv:1712.05877, section 3.1.

    Args:
        momentum: Share of the old range in the new one.
        low, high: A fixed range, in place of a learned one.
        **kwargs: Passed to `keras.layers.Layer`.

    Example:
        >>> layer = FakeQuantize(low=0.0, high=255.0)
        >>> layer(ops.array([1.2, 300.0])).numpy().tolist()
        [1.0, 255.0]
    """

    def __init__(
        self,
        momentum: float = 0.99,
        low: float | None = None,
        high: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.fixed = None if low is None or high is None else (float(low), float(high))
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Add the range and whether it is known, unless it is fixed."""
        if self.fixed is None:
            settings = {"shape": (), "trainable": False, "aggregation": "mean"}
            self.low = self.add_weight(
                initializer=keras.initializers.Constant(-1.0), name="low", **settings
            )
            self.high = self.add_weight(initializer="ones", name="high", **settings)
            self.seen = self.add_weight(
                shape=(), initializer="zeros", dtype="bool", trainable=False, name="seen"
            )

    @property
    def range_is_known(self) -> bool:
        """Whether the range is fixed or has been learned."""
        return self.fixed is not None or (self.built and bool(ops.convert_to_numpy(self.seen)))

    def call(self, inputs: Any, training: bool | None = None, observe: bool = True) -> Any:
        """Return the inputs, rounded.

        Args:
            inputs: Any float tensor.
            training: Whether to learn the range.
            observe: False never learns: the inputs share the range of another tensor.
        """
        if self.fixed is not None:
            return fake_quant_with_min_max_vars(inputs, *self.fixed)
        if training and observe and self.trainable:
            return fake_quant_with_min_max_vars(inputs, *self._learn(inputs))
        rounded = fake_quant_with_min_max_vars(inputs, self.low, self.high)
        return ops.where(self.seen, rounded, inputs)

    def _learn(self, inputs: Any) -> tuple[Any, Any]:
        values = ops.cast(ops.stop_gradient(inputs), self.low.dtype)
        # Zero is always in the range: padding and relu need it exact.
        low = ops.minimum(ops.min(values), 0.0)
        high = ops.maximum(ops.max(values), 0.0)
        zeros = ops.equal(low, high)
        known = ops.logical_and(
            self.seen, ops.logical_or(self.low < 0.0, ops.not_equal(self.high, _OF_ZEROS))
        )
        high = ops.maximum(high, low + _SMALLEST_RANGE)
        low = self._follow(self.low, low, known, zeros, 0.0)
        high = self._follow(self.high, high, known, zeros, _OF_ZEROS)
        self.low.assign(low)
        self.high.assign(high)
        self.seen.assign(ops.ones((), "bool"))
        return low, high

    def _follow(self, old: Any, new: Any, known: Any, zeros: Any, first: float) -> Any:
        """Return one end of the range; a batch of zeros tells nothing of it."""
        moved = ops.where(zeros, old, self.momentum * old + (1 - self.momentum) * new)
        return ops.where(known, moved, ops.where(zeros, first, new))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return momentum and fixed range."""
        low, high = self.fixed or (None, None)
        return {**super().get_config(), "momentum": self.momentum, "low": low, "high": high}


def fake_quantize_kernel(kernel: Any, axis: int | None, bias: Any = None) -> Any:
    """Round a kernel to 255 values, symmetric around zero, so that zeros stay zeros.

    Args:
        kernel: The weights.
        axis: Each index along it has a scale of its own; None for one scale in all.
        bias: What is added to the product, None for nothing. A channel whose weights vanish
            beside its bias gets a wider range, since its int32 bias would overflow.

    Example:
        >>> fake_quantize_kernel(ops.array([[0.0, 1.27], [0.004, 0.006]]), None).numpy().round(3)
        array([[0.  , 1.27],
               [0.  , 0.01]], dtype=float32)
    """
    values = ops.abs(ops.stop_gradient(kernel))
    largest = ops.max(values)
    bound = ops.maximum(largest * _SMALLEST_SHARE, _SMALLEST_WEIGHT)
    if axis is None:
        bound = ops.maximum(bound, largest)
    else:
        others = [i for i in range(len(kernel.shape)) if i != axis % len(kernel.shape)]
        bound = ops.maximum(bound, ops.max(values, axis=others))
    if bias is not None:
        share = ops.abs(ops.stop_gradient(bias)) * _BIAS_SHARE
        bound = ops.maximum(bound, ops.max(share) if axis is None else share)
    # The largest weight must not lie beyond the range by rounding: it would get no gradient.
    bound = bound * (1 + 2.0**-20)
    return fake_quant_with_min_max_vars(kernel, -bound, bound, narrow_range=True, axis=axis)
