"""Forms: a layer's linear part as regressions, outputs[g] = features[g] @ matrix[g].

A group g is a group of a convolution, a channel of a depthwise one, or an index that an
EinsumDense treats one by one; a Dense is one group. The features of a convolution, of any stride,
padding and dilation, are what the same convolution makes with a kernel of zeros and ones.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.keras_facts import Einsum

layers = keras.layers
Array = NDArray[Any]
_CONVOLVES = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")


class Form:
    """How one layer's kernel is a stack of matrices; this one is Dense.

    Args:
        layer: A built layer.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.shape = tuple(layer.kernel.shape)
        self._twins: dict[int, Any] = {}

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        return kernel[None]

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of, with as many outputs as there are."""
        return matrix[0]

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        return _rows(x, 1)

    def outputs(self, x: Any, kernel: Array) -> Any:
        """Return (samples, places, groups, outputs), without bias and activation."""
        x = _rows(x, 1)
        return x @ tf.cast(kernel, x.dtype)

    def offset(self, offset: Array) -> Array | None:
        """Return an offset (groups, outputs) in the shape of the bias, None if it has no place."""
        return None if self.layer.bias is None else offset.reshape(self.layer.bias.shape)


class _Convolution(Form):
    def matrix(self, kernel: Array) -> Array:
        flat = kernel.reshape(-1, self._groups, kernel.shape[-1] // self._groups)
        return flat.transpose(1, 0, 2)

    def kernel(self, matrix: Array) -> Array:
        return matrix.transpose(1, 0, 2).reshape(*self.shape[:-1], -1)

    def features(self, x: Any) -> Any:
        size = math.prod(self.shape[:-1])
        return self._apply(x, size, lambda: np.tile(np.eye(size), (self._groups, 1, 1)))

    def outputs(self, x: Any, kernel: Array) -> Any:
        matrix = self.matrix(kernel)
        return self._apply(x, matrix.shape[-1], lambda: matrix)

    @property
    def _groups(self) -> int:
        return int(self.layer.groups)

    def _size(self, each: int) -> dict[str, int]:
        return {"filters": each * self._groups, "groups": self._groups}

    def _apply(self, x: Any, each: int, matrix: Any) -> Any:
        """Let a layer of the same settings, with other weights, make `each` outputs per group."""
        twin = self._twins.get(each)
        if twin is None:
            settings = {name: getattr(self.layer, name) for name in self._settings()}
            twin = _base(self.layer)(
                **settings, **self._size(each), use_bias=False, dtype="float32"
            )
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


class _Transposed(_Convolution):
    def matrix(self, kernel: Array) -> Array:
        return kernel.swapaxes(-1, -2).reshape(1, -1, kernel.shape[-2])

    def kernel(self, matrix: Array) -> Array:
        return matrix.reshape(*self.shape[:-2], self.shape[-1], -1).swapaxes(-1, -2)

    def features(self, x: Any) -> Any:
        size = math.prod(self.shape[:-2]) * self.shape[-1]
        return self._apply(x, size, lambda: np.eye(size)[None])

    @property
    def _groups(self) -> int:
        return 1

    def _size(self, each: int) -> dict[str, int]:
        return {"filters": each}

    def _settings(self) -> tuple[str, ...]:
        return (*_CONVOLVES, "output_padding")


class _Depthwise(_Convolution):
    def matrix(self, kernel: Array) -> Array:
        return kernel.reshape(-1, *kernel.shape[-2:]).transpose(1, 0, 2)

    def kernel(self, matrix: Array) -> Array:
        return matrix.transpose(1, 0, 2).reshape(*self.shape[:-1], -1)

    def features(self, x: Any) -> Any:
        size = math.prod(self.shape[:-2])
        return self._apply(x, size, lambda: np.tile(np.eye(size), (self._groups, 1, 1)))

    @property
    def _groups(self) -> int:
        return int(self.shape[-2])

    def _size(self, each: int) -> dict[str, int]:
        return {"depth_multiplier": each}


class _Einsum(Form):
    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        equation = Einsum.parse(layer.equation)
        self._kernel = [label for label in equation.operands[1] if label != "..."]
        data = equation.operands[0]
        alone = [label for label in self._kernel if label in data and label in equation.output]
        summed = [label for label in self._kernel if label not in equation.output]
        made = [label for label in self._kernel if label not in data]
        self._parts = alone, summed, made

    def matrix(self, kernel: Array) -> Array:
        labels = [label for part in self._parts for label in part]
        flat = kernel.transpose([self._kernel.index(label) for label in labels])
        sizes = [
            math.prod(kernel.shape[self._kernel.index(label)] for label in part)
            for part in self._parts
        ]
        return flat.reshape(sizes)

    def kernel(self, matrix: Array) -> Array:
        labels = [label for part in self._parts for label in part]
        sizes = [self.shape[self._kernel.index(label)] for label in labels]
        return matrix.reshape(sizes).transpose([labels.index(label) for label in self._kernel])

    def features(self, x: Any) -> Any:
        data = Einsum.parse(self.layer.equation, [len(x.shape)]).operands[0]
        alone, summed, _ = self._parts
        rows = [label for label in data if label not in self._kernel]
        order = [data.index(label) for label in (*rows, *alone, *summed)]
        x = tf.transpose(tf.cast(x, "float32"), order)
        groups = math.prod(x.shape[len(rows) : len(rows) + len(alone)])
        size = math.prod(x.shape[len(rows) + len(alone) :])
        return tf.reshape(x, (x.shape[0], -1, groups, size))

    def outputs(self, x: Any, kernel: Array) -> Any:
        return tf.einsum(
            "npgf,gfo->npgo", self.features(x), tf.cast(self.matrix(kernel), "float32")
        )

    def offset(self, offset: Array) -> Array | None:
        letters = self.layer.bias_axes or ""
        alone, _, made = self._parts
        labels = [*alone, *made]
        if self.layer.bias is None or sorted(letters) != sorted(labels):
            return None
        sizes = [self.shape[self._kernel.index(label)] for label in labels]
        output = Einsum.parse(self.layer.equation).output
        order = [labels.index(label) for label in output if label in labels]
        return offset.reshape(sizes).transpose(order).reshape(self.layer.bias.shape)

    @property
    def regular(self) -> bool:
        """Whether samples come first, and no index is summed over that the kernel has not."""
        equation = Einsum.parse(self.layer.equation)
        data, output = equation.operands[0], equation.output
        return data[0] not in self._kernel and all(
            label in self._kernel or label in output for label in data
        )


_FORMS: dict[Any, type[Form]] = {
    layers.Dense: Form,
    layers.EinsumDense: _Einsum,
    layers.Conv1D: _Convolution,
    layers.Conv2D: _Convolution,
    layers.Conv3D: _Convolution,
    layers.Conv1DTranspose: _Transposed,
    layers.Conv2DTranspose: _Transposed,
    layers.Conv3DTranspose: _Transposed,
    layers.DepthwiseConv1D: _Depthwise,
    layers.DepthwiseConv2D: _Depthwise,
}


def form_of(layer: Any) -> Form | None:
    """Return the form of a layer's kernel, None if it has none that is known."""
    kind = _base(layer)
    if kind is None or not layer.built or type(layer).call is not kind.call:
        return None
    form = _FORMS[kind](layer)
    return form if not isinstance(form, _Einsum) or form.regular else None


def _base(layer: Any) -> Any:
    return next((kind for kind in type(layer).__mro__ if kind in _FORMS), None)


def _rows(x: Any, groups: int) -> Any:
    """Return a tensor as float32 (samples, places, groups, last axis)."""
    return tf.reshape(tf.cast(x, "float32"), (x.shape[0], -1, groups, x.shape[-1]))
