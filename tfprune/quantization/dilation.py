"""Dilated convolutions as one op, which the converter keeps int8 wherever they stand."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def dilated(x: Any, kernel: Any, padding: str, rates: tuple[int, ...]) -> Any:
    """Return a dilated convolution of images, to be computed in inference.

    TensorFlow writes a dilated convolution as SpaceToBatchND, a plain one, BatchToSpaceND, since
    its one op for it has no gradient on CPUs; the converter makes one op of the three. But where
    two read the same tensor with one rate, it first merges their SpaceToBatchND, then finds
    neither, and both compute in float (TensorFlow 2.21). So this is the one op, with the gradient
    of the three.

    Args:
        x: Images, (batch, height, width, channels).
        kernel: (height, width, channels of a group, filters).
        padding: "same" or "valid".
        rates: Of both axes.

    Example:
        >>> x = keras.ops.reshape(keras.ops.arange(5.0), (1, 1, 5, 1))
        >>> dilated(x, keras.ops.ones((1, 2, 1, 1)), "valid", (1, 3)).numpy().ravel().tolist()
        [3.0, 5.0]
    """

    @keras.ops.custom_gradient  # type: ignore[untyped-decorator]
    def convolved(x: Any, kernel: Any) -> tuple[Any, Any]:
        def gradient(*args: Any, upstream: Any = None) -> Any:
            (upstream,) = args if upstream is None else (upstream,)
            with tf.GradientTape() as tape:
                tape.watch((x, kernel))
                y = keras.ops.conv(x, kernel, padding=padding, dilation_rate=rates)
            return tape.gradient(y, (x, kernel), upstream)

        return tf.nn.conv2d(x, kernel, 1, padding.upper(), dilations=rates), gradient

    return convolved(x, kernel)
