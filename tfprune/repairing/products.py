"""Forms of an EinsumDense, and of the kernel by which a recurrent layer reads its inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from tfprune.keras_facts import Einsum
from tfprune.repairing.form import Array, Form


class Recurrent(Form):
    """The kernel by which a recurrent layer reads its inputs, all steps at once."""

    @property
    def ends_layer(self) -> bool:
        """More follows inside the layer."""
        return False

    @property
    def variable(self) -> Any:
        """The kernel."""
        return self.layer.cell.kernel

    @property
    def bias(self) -> Any:
        """What is added to the outputs."""
        return self.layer.cell.bias

    def offset(self, offset: Array) -> Array | None:
        """Return an offset in the shape of the bias, None if it has no place."""
        if self.bias is None:
            return None
        # A GRU that resets after the product has a second row, for the recurrent part.
        rows = self.bias.shape[0] if len(self.bias.shape) == 2 else 1
        added = np.concatenate([offset, np.zeros((rows - 1, offset.shape[1]))])
        return added.reshape(self.bias.shape)


class EinsumForm(Form):
    """An EinsumDense: indices that stay, that are summed over, that are new."""

    def __init__(self, layer: Any, kind: Any) -> None:
        super().__init__(layer, kind)
        equation = Einsum.parse(layer.equation)
        self._kernel = [label for label in equation.operands[1] if label != "..."]
        data = equation.operands[0]
        alone = [label for label in self._kernel if label in data and label in equation.output]
        summed = [label for label in self._kernel if label not in equation.output]
        made = [label for label in self._kernel if label not in data]
        self._parts = alone, summed, made

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        labels = [label for part in self._parts for label in part]
        flat = kernel.transpose([self._kernel.index(label) for label in labels])
        sizes = [
            math.prod(kernel.shape[self._kernel.index(label)] for label in part)
            for part in self._parts
        ]
        return flat.reshape(sizes)

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of."""
        labels = [label for part in self._parts for label in part]
        sizes = [self.shape[self._kernel.index(label)] for label in labels]
        return matrix.reshape(sizes).transpose([labels.index(label) for label in self._kernel])

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        data = Einsum.parse(self.layer.equation, [len(x.shape)]).operands[0]
        alone, summed, _ = self._parts
        rows = [label for label in data if label not in self._kernel]
        order = [data.index(label) for label in (*rows, *alone, *summed)]
        x = tf.transpose(tf.cast(x, "float32"), order)
        groups = math.prod(x.shape[len(rows) : len(rows) + len(alone)])
        size = math.prod(x.shape[len(rows) + len(alone) :])
        return tf.reshape(x, (x.shape[0], -1, groups, size))

    def outputs(self, x: Any, kernel: Array) -> Any:
        """Return (samples, places, groups, outputs)."""
        return tf.einsum(
            "npgf,gfo->npgo", self.features(x), tf.cast(self.matrix(kernel), "float32")
        )

    def offset(self, offset: Array) -> Array | None:
        """Return an offset in the shape of the bias, None if it has no place."""
        letters = self.layer.bias_axes or ""
        alone, _, made = self._parts
        labels = [*alone, *made]
        if self.bias is None or sorted(letters) != sorted(labels):
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
