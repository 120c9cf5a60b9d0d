"""Arithmetic: what a rule uses to compute a layer as int8 will."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keras import ops
from keras.quantizers import fake_quant_with_min_max_vars

from tfprune.quantization.fake_quantize import fake_quantize_kernel
from tfprune.quantization.folding import folded

if TYPE_CHECKING:
    from tfprune.quantization.wrapper import Quantized

Product = Callable[[Any, Any], Any]


class Arithmetic:
    """How a layer's numbers are rounded in one call, as its rule `rule(layer, q, *inputs)` sees it.

    Inputs come rounded already, and the output is rounded by the caller. Every int8 op in between
    needs a rounded output of its own: `range` learns one, `fixed` knows one. A custom layer brings
    its rule as a method:

    Args:
        wrapper: The layer that holds the learned ranges.
        training: Whether this call trains.

    Example:
        >>> import keras
        >>> class Gate(keras.layers.Layer):
        ...     def build(self, shape):
        ...         self.kernel = self.add_weight(shape=(shape[-1], shape[-1]))
        ...     def call(self, x):
        ...         return x * ops.sigmoid(x @ self.kernel)
        ...     def int8_call(self, q, x):
        ...         score = q.range(x @ q.kernel(self.kernel, axis=None), "score")
        ...         return x * q.fixed(ops.sigmoid(score), 0, 255 / 256)
    """

    def __init__(self, wrapper: Quantized, training: bool) -> None:
        self._wrapper = wrapper
        self.training = training

    @property
    def norm(self) -> Any:
        """The BatchNormalization that follows the layer and is folded into it, or None."""
        return self._wrapper.norm

    @property
    def ids_from_zero(self) -> bool:
        """Whether the layer is a table whose ids are never below zero."""
        return self._wrapper.ids_from_zero

    def range(self, values: Any, name: str) -> Any:
        """Return values rounded to a range that is learned under this name, unique in the layer."""
        return self._wrapper.range_named(name)(values, training=self.training)

    def fixed(self, values: Any, low: float, high: float) -> Any:
        """Return values rounded to a range known beforehand.

        The range of sigmoid and softmax is (0, 255 / 256) in TFLite, that of tanh (-1, 127 / 128).
        """
        return fake_quant_with_min_max_vars(values, low, high)

    def constant(self, value: Any) -> Any:
        """Return a constant array, rounded to its own range."""
        value = ops.convert_to_tensor(value, "float32")
        low, high = ops.minimum(ops.min(value), 0.0), ops.maximum(ops.max(value), 0.0)
        return self.fixed(value, low, ops.maximum(high, low + 1e-5))

    def kernel(self, kernel: Any, axis: int | None = -1, bias: Any = None) -> Any:
        """Return a kernel rounded to int8, with one scale for each index along `axis`.

        Args:
            kernel: The weights.
            axis: The output channels: the last axis for a convolution; None for a Dense kernel,
                which has one scale in all.
            bias: What is added to the product.
        """
        return fake_quantize_kernel(self._zeros_kept(kernel), axis, bias)

    def affine(
        self,
        inputs: Any,
        kernel: Any,
        bias: Any,
        product: Product,
        *,
        axis: int = -1,
        per_channel: bool = True,
        norm: Any = None,
    ) -> Any:
        """Return `product(inputs, kernel) + bias`, normalized, with the kernel rounded.

        A BatchNormalization scales each output channel, so it is folded into the kernel: what is
        rounded is the product of both. In training the batch is normalized by its own statistics,
        as ever; where each channel has its own scale, rounding before or after that factor is the
        same. Where the kernel has one scale, it is multiplied before rounding by the factor of the
        moving statistics, and divided by it afterwards (Krishnamoorthi, arXiv:1806.08342, 3.2.2).

        Args:
            inputs: Rounded inputs.
            kernel: The weights, the output channels along `axis`.
            bias: (channels,) or None.
            product: The operation, linear in both.
            axis: The output channels of the kernel.
            per_channel: Whether each channel has its own scale.
            norm: The BatchNormalization, None for none.
        """
        scales = axis if per_channel else None
        if norm is None:
            outputs = product(inputs, self.kernel(kernel, scales, bias))
            return outputs if bias is None else outputs + bias
        if not norm.built:
            norm.build(product(inputs, kernel).shape)
        gain, shift = folded(norm, bias)
        gain = ops.reshape(gain, _along(axis, kernel))
        if self.training and norm.trainable:
            outputs = product(inputs, self._rounded_before(kernel, gain, scales))
            return norm(outputs if bias is None else outputs + bias, training=True)
        return product(inputs, self.kernel(kernel * gain, scales, shift)) + shift

    def _rounded_before(self, kernel: Any, gain: Any, scales: int | None) -> Any:
        if scales is not None:
            return self.kernel(kernel, scales)
        gain = ops.stop_gradient(ops.where(ops.equal(gain, 0.0), ops.ones_like(gain), gain))
        return self.kernel(kernel * gain, None) / gain

    def _zeros_kept(self, kernel: Any) -> Any:
        if not (self._wrapper.keeps_zeros and self.training):
            return kernel
        # The gradient of a zero is zero, so that no optimizer moves it.
        alive = ops.not_equal(kernel, 0.0)
        return kernel * ops.stop_gradient(ops.cast(alive, kernel.dtype))


def _along(axis: int, kernel: Any) -> list[int]:
    shape = [1] * len(kernel.shape)
    shape[axis] = -1
    return shape
