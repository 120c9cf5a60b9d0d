"""Forms of convolutions: plain, grouped, transposed, depthwise, separable."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.repairing.form import Array, Form

_CONVOLVES = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")


class Convolution(Form):
    """A convolution in one to three dimensions, grouped or not."""

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        flat = kernel.reshape(-1, self._groups, kernel.shape[-1] // self._groups)
        return flat.transpose(1, 0, 2)

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of."""
        return matrix.transpose(1, 0, 2).reshape(*self.shape[:-1], -1)

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        size = math.prod(self.shape[:-1])
        return self._apply(x, size, lambda: np.tile(np.eye(size), (self._groups, 1, 1)))

    def outputs(self, x: Any, kernel: Array) -> Any:
        """Return (samples, places, groups, outputs)."""
        matrix = self.matrix(kernel)
        return self._apply(x, matrix.shape[-1], lambda: matrix)

    @property
    def _groups(self) -> int:
        return int(self.layer.groups)

    @property
    def _twin_kind(self) -> Any:
        return self.kind

    def _size(self, each: int) -> dict[str, int]:
        return {"filters": each * self._groups, "groups": self._groups}

    def _apply(self, x: Any, each: int, matrix: Any) -> Any:
        """Let a layer of the same settings, with other weights, make `each` outputs per group."""
        twin = self._twins.get(each)
        if twin is None:
            settings = {name: getattr(self.layer, name) for name in self._settings()}
            twin = self._twin_kind(**settings, **self._size(each), use_bias=False, dtype="float32")
            twin.build(tuple(x.shape))
            twin.kernel.assign(self.kernel(matrix()))
            self._twins[each] = twin
        y = twin(x)
        if self.layer.data_format == "channels_first":
            y = tf.transpose(y, [0, *range(2, len(y.shape)), 1])
        groups = y.shape[-1] // each
        return tf.reshape(y, (y.shape[0], -1, groups, each))

    def _settings(self) -> tuple[str, ...]:
        return _CONVOLVES


class Transposed(Convolution):
    """A transposed convolution: the kernel's last axes are swapped."""

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        return kernel.swapaxes(-1, -2).reshape(1, -1, kernel.shape[-2])

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of."""
        return matrix.reshape(*self.shape[:-2], self.shape[-1], -1).swapaxes(-1, -2)

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        size = math.prod(self.shape[:-2]) * self.shape[-1]
        return self._apply(x, size, lambda: np.eye(size)[None])

    @property
    def _groups(self) -> int:
        return 1

    def _size(self, each: int) -> dict[str, int]:
        return {"filters": each}

    def _settings(self) -> tuple[str, ...]:
        return (*_CONVOLVES, "output_padding")


class Depthwise(Convolution):
    """A depthwise convolution: each channel is a group."""

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        return kernel.reshape(-1, *kernel.shape[-2:]).transpose(1, 0, 2)

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of."""
        return matrix.transpose(1, 0, 2).reshape(*self.shape[:-1], -1)

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        size = math.prod(self.shape[:-2])
        return self._apply(x, size, lambda: np.tile(np.eye(size), (self._groups, 1, 1)))

    @property
    def _groups(self) -> int:
        return int(self.shape[-2])

    def _size(self, each: int) -> dict[str, int]:
        return {"depth_multiplier": each}


class SeparableFirst(Depthwise):
    """The depthwise part of a separable convolution; nothing is added to what it makes."""

    @property
    def ends_layer(self) -> bool:
        """More follows inside the layer."""
        return False

    @property
    def variable(self) -> Any:
        """The kernel."""
        return self.layer.depthwise_kernel

    @property
    def bias(self) -> Any:
        """What is added to the outputs."""
        return None

    @property
    def _twin_kind(self) -> Any:
        one = issubclass(self.kind, keras.layers.SeparableConv1D)
        return keras.layers.DepthwiseConv1D if one else keras.layers.DepthwiseConv2D


class SeparableSecond(Form):
    """The pointwise part of a separable convolution, behind the depthwise part."""

    @property
    def variable(self) -> Any:
        """The kernel."""
        return self.layer.pointwise_kernel

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        return kernel.reshape(1, *kernel.shape[-2:])

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of."""
        return matrix.reshape(*self.shape[:-1], -1)

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        y = SeparableFirst(self.layer, self.kind).outputs(x, np.array(self.layer.depthwise_kernel))
        return tf.reshape(y, (*y.shape[:2], 1, -1))

    def outputs(self, x: Any, kernel: Array) -> Any:
        """Return (samples, places, groups, outputs)."""
        return self.features(x) @ tf.cast(self.matrix(kernel), "float32")
