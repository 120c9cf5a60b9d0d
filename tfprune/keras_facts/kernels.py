"""Facts about Keras layers: which variables are kernels, and which of their axes is in or out.

A kernel is a variable that multiplies the data, so that a zero in it saves a multiplication.
Biases, normalization scales and states are not kernels. The name of a kernel joins the names of
the layers around it and of the variable, `"backbone/conv_pw_1/kernel"`, without the model's own
name; it stays the same under a pruning wrapper, which bears the name of the layer it wraps.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import keras
import numpy as np

from tfprune.keras_facts.einsum import Einsum
from tfprune.keras_facts.origins import package_of
from tfprune.keras_internals import direct_layers, layers_of
from tfprune.layer_names import inner_path

Axes = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One prunable variable.

    Args:
        name: `"layer/variable"`, unique in its model.
        layer: The layer that multiplies with it.
        variable: The `keras.Variable`.
        in_axes: Axes that are summed over, counted from 0.
        out_axes: Axes that become output channels, counted from 0. The axes in neither are
            spatial. A depthwise kernel's channel axis is in both.
        shown: The layer that the user sees, an LSTM where `layer` is its cell.
    """

    name: str
    layer: Any
    variable: Any
    in_axes: Axes
    out_axes: Axes
    shown: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The variable's shape."""
        return tuple(self.variable.shape)

    @property
    def size(self) -> int:
        """How many weights it has."""
        return math.prod(self.shape)

    @property
    def canonical_axes(self) -> Axes:
        """The permutation to (…spatial, …in, …out); the identity for a depthwise kernel."""
        if set(self.in_axes) & set(self.out_axes):
            return tuple(range(len(self.shape)))
        channels = (*self.in_axes, *self.out_axes)
        return (*(i for i in range(len(self.shape)) if i not in channels), *channels)

    @property
    def canonical_shape(self) -> Axes:
        """The shape as (…spatial, in, out): several in or out axes are joined to one."""
        if len(self.in_axes) + len(self.out_axes) < 2 or set(self.in_axes) & set(self.out_axes):
            return self.shape
        spatial = [n for i, n in enumerate(self.shape) if i not in (*self.in_axes, *self.out_axes)]
        ins, outs = (
            math.prod(self.shape[i] for i in axes) for axes in (self.in_axes, self.out_axes)
        )
        return (*spatial, ins, outs)

    def to_canonical(self, array: Any) -> Any:
        """Return an array of the kernel's shape as (…spatial, in, out)."""
        return keras.ops.reshape(
            keras.ops.transpose(array, self.canonical_axes), self.canonical_shape
        )

    def from_canonical(self, array: Any) -> Any:
        """Return what `to_canonical` was given."""
        axes = self.canonical_axes
        array = keras.ops.reshape(array, [self.shape[axis] for axis in axes])
        return keras.ops.transpose(array, sorted(range(len(axes)), key=axes.__getitem__))


def _matrix(layer: Any, rank: int) -> tuple[Axes, Axes]:
    return (rank - 2,), (rank - 1,)


def _transposed(layer: Any, rank: int) -> tuple[Axes, Axes]:
    return (rank - 1,), (rank - 2,)


def _depthwise(layer: Any, rank: int) -> tuple[Axes, Axes]:
    return (rank - 2,), (rank - 2, rank - 1)


def _einsum(layer: Any, rank: int) -> tuple[Axes, Axes]:
    equation = Einsum.parse(layer.equation)
    kernel = [label for label in equation.operands[1] if label != "..."]
    outs = tuple(i for i, label in enumerate(kernel) if label in equation.output)
    return tuple(i for i in range(rank) if i not in outs), outs


_Rule = Callable[[Any, int], tuple[Axes, Axes]]
_CELL: dict[str, _Rule] = {"kernel": _matrix, "recurrent_kernel": _matrix}
_DEPTHWISE: dict[str, _Rule] = {"kernel": _depthwise}
_SEPARABLE: dict[str, _Rule] = {"depthwise_kernel": _depthwise, "pointwise_kernel": _matrix}

_KERNELS: dict[Any, dict[str, _Rule]] = {
    keras.layers.Dense: {"kernel": _matrix},
    keras.layers.EinsumDense: {"kernel": _einsum},
    keras.layers.Embedding: {"embeddings": _matrix},
    keras.layers.Conv1D: {"kernel": _matrix},
    keras.layers.Conv2D: {"kernel": _matrix},
    keras.layers.Conv3D: {"kernel": _matrix},
    keras.layers.Conv1DTranspose: {"kernel": _transposed},
    keras.layers.Conv2DTranspose: {"kernel": _transposed},
    keras.layers.Conv3DTranspose: {"kernel": _transposed},
    keras.layers.DepthwiseConv1D: _DEPTHWISE,
    keras.layers.DepthwiseConv2D: _DEPTHWISE,
    keras.layers.SeparableConv1D: _SEPARABLE,
    keras.layers.SeparableConv2D: _SEPARABLE,
    keras.layers.SimpleRNNCell: _CELL,
    keras.layers.LSTMCell: _CELL,
    keras.layers.GRUCell: _CELL,
}


def kernels_of(layer: Any) -> list[Kernel]:
    """Return the kernels of a layer or model and of all layers inside it, each one once.

    A layer with a method `get_prunable_weights()` (tfmot's `PrunableLayer` protocol) names its
    kernels itself; for any other layer Keras ships, this module knows them; an unknown custom
    layer contributes the kernels of the layers inside it.

    Args:
        layer: A built layer or model.

    Returns:
        One `Kernel` for each variable, in the order of the layers.

    Example:
        >>> dense = keras.layers.Dense(3, name="head")
        >>> dense.build((None, 2))
        >>> [(k.name, k.shape, k.in_axes, k.out_axes) for k in kernels_of(dense)]
        [('head/kernel', (2, 3), (0,), (1,))]
    """
    seen: set[int] = set()
    kernels = []
    for kernel in _walk(layer, () if isinstance(layer, keras.Model) else (layer.name,), set()):
        if id(kernel.variable) not in seen:
            seen.add(id(kernel.variable))
            kernels.append(kernel)
    return kernels


@runtime_checkable
class PrunableLayer(Protocol):
    """Protocol of a custom layer that names its kernels itself (tfmot's name and method)."""

    @abstractmethod
    def get_prunable_weights(self) -> list[Any]:
        """Return the `keras.Variable`s that may be pruned, once the layer is built."""


class KnownKernels:
    """The method `get_prunable_weights` of a layer of Keras' own, which tfmot gives it too.

    Args:
        layer: A layer whose kernels this module knows.
    """

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self) -> list[Any]:
        """Return the kernels, once the layer is built."""
        return [kernel.variable for kernel in kernels_of(self._layer)]


def declares_kernels(layer: Any) -> bool:
    """Whether a layer names its kernels itself, in a method of the user's own."""
    return isinstance(layer, PrunableLayer) and not isinstance(
        layer.get_prunable_weights, KnownKernels
    )


def may_have_kernels(layer: Any) -> bool:
    """Whether a layer, built or not, has kernels or may have some; Keras' own kinds are known."""
    if isinstance(layer, keras.Model) or layer.built:
        return bool(kernels_of(layer))
    parts = layers_of(layer)
    return any(is_known(part) or not _is_of_keras(part) for part in parts)


def is_array(value: Any) -> bool:
    """Whether a value has a shape: a symbolic tensor, a variable, a tensor or an array."""
    kinds = (keras.KerasTensor, keras.Variable, np.ndarray, np.generic)
    return isinstance(value, kinds) or keras.ops.is_tensor(value)


def is_known(layer: Any) -> bool:
    """Whether the kernels of this layer itself (not of layers inside it) are known."""
    return declares_kernels(layer) or isinstance(layer, tuple(_KERNELS))


def _walk(
    layer: Any, path: tuple[str, ...], visited: set[int], shown: Any = None
) -> Iterator[Kernel]:
    if id(layer) in visited:
        return
    visited.add(id(layer))
    if declares_kernels(layer):
        yield from _declared(layer, path, layer if shown is None else shown)
        return
    if shown is None and _is_of_keras(layer):  # a model or block is only a way to its layers
        shown = layer
    yield from _own(layer, path, layer if shown is None else shown)
    for child in sublayers(layer):
        yield from _walk(child, inner_path(path, child.name), visited, shown)


def _is_of_keras(layer: Any) -> bool:
    return package_of(type(layer)) == "keras" and not isinstance(layer, keras.Model)


def _own(layer: Any, path: tuple[str, ...], shown: Any) -> Iterator[Kernel]:
    for kind, attributes in _KERNELS.items():
        if isinstance(layer, kind):
            for attribute, rule in attributes.items():
                variable = getattr(layer, attribute, None)
                if variable is not None:
                    ins, outs = rule(layer, len(variable.shape))
                    yield Kernel(
                        name="/".join((*path, attribute)),
                        layer=layer,
                        variable=variable,
                        in_axes=ins,
                        out_axes=outs,
                        shown=shown,
                    )
            return


def _declared(layer: Any, path: tuple[str, ...], shown: Any) -> Iterator[Kernel]:
    names: dict[str, int] = {}
    for variable in layer.get_prunable_weights():
        count = names[variable.name] = names.get(variable.name, -1) + 1
        name = variable.name if count == 0 else f"{variable.name}_{count}"
        rank = len(variable.shape)
        ins, outs = _matrix(layer, rank) if rank > 1 else ((), (0,))
        yield Kernel(
            name="/".join((*path, name)),
            layer=layer,
            variable=variable,
            in_axes=ins,
            out_axes=outs,
            shown=shown,
        )


def sublayers(layer: Any) -> list[Any]:
    """Return the layers directly inside `layer`, in the order Keras tracks them."""
    return [child for child in direct_layers(layer) if isinstance(child, keras.layers.Layer)]
