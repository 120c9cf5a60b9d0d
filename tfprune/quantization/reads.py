"""Which tensors hold numbers that int8 may round, and which hold indices, conditions, masks."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfprune.graph import Calls, is_graph
from tfprune.graph.structure import functional
from tfprune.keras_facts import op_name
from tfprune.keras_internals import input_structure, output_structure
from tfprune.quantization.rules import Int8Rule
from tfprune.wrapping import bare

# Of what these read each single value counts, even if it is a float: 1000.0, rounded, is another
# row of a table. What computes such values for nobody else stays as it is, too.
_READ_EXACTLY = ("Cast", "Equal", "NotEqual")
_READ_SHAPES = ("OnesLike", "ZerosLike")  # of a tensor whose values nobody looks at


class Reads:
    """How each call of a model, or of a model inside it, reads each of its tensors.

    What decides is the dtype that a tensor has when the model runs. The one in Keras' graph is
    another where a layer only tells its output's shape: a pooled uint8 image is called float32.

    Args:
        nets: The calls of each model, of inner ones before those around them.
        rules: Operation, by id → its rule.
    """

    def __init__(self, nets: list[Calls], rules: Mapping[int, Int8Rule]) -> None:
        self._rules = rules
        self._dtypes: dict[int, str] = {}
        self._exact: set[int] = set()
        self._unread: set[int] = set()
        for net in nets:
            self._find_dtypes(net)
            self._find_exact(net)

    def dtype(self, tensor: Any) -> str:
        """Return the dtype of a tensor when the model runs."""
        return self._dtypes.get(id(tensor), tensor.dtype)

    def is_whole(self, tensor: Any) -> bool:
        """Whether a tensor holds integers or bools when the model runs."""
        return not _is_float(self.dtype(tensor))

    def is_exact(self, tensor: Any) -> bool:
        """Whether a floating tensor is only read where each single value counts."""
        return id(tensor) in self._exact

    def is_unread(self, tensor: Any) -> bool:
        """Whether nobody looks at the values of a tensor, but at its shape."""
        return id(tensor) in self._unread

    def is_number(self, tensor: Any) -> bool:
        """Whether the values of a tensor may be rounded."""
        return not (self.is_whole(tensor) or self.is_exact(tensor))

    def computes(self, node: Any) -> bool:
        """Whether a call reads or makes numbers, so that its rule holds."""
        if is_graph(node.operation) or not node.input_tensors:
            return True
        if all(self.is_exact(tensor) or self.is_unread(tensor) for tensor in node.outputs):
            return False
        if _reads_shapes(node) and all(map(self.is_whole, node.outputs)):
            return False
        return not all(map(self.is_whole, (*node.input_tensors, *node.outputs)))

    def numbers(self, node: Any) -> set[int]:
        """Return the ids of the tensors that a call computes with; it gets the others as they are.

        Integers among them are read as the floats they stand for, such as an image's pixels.
        """
        if is_graph(node.operation):
            return {id(outer) for outer, inner in _passed(node) if self.is_number(inner)}
        if not self.computes(node) or _is_table(node.operation) or _reads_shapes(node):
            return set()
        kept = set(map(id, _masks(node)))
        if self._rules[id(node.operation)].keeps_whole:
            kept |= {id(tensor) for tensor in node.input_tensors if self.is_whole(tensor)}
        return set(map(id, node.input_tensors)) - kept

    def _find_dtypes(self, net: Calls) -> None:
        for node in net.nodes:
            layer = isinstance(node.operation, keras.layers.Layer)
            if is_graph(node.operation):
                outputs = output_structure(functional(node.operation))
                found = [self.dtype(tensor) for tensor in keras.tree.flatten(outputs)]
            elif layer and any(map(self.is_whole, node.input_tensors)):
                found = self._traced(node)
            else:
                continue
            pairs = zip(node.outputs, found, strict=True)
            self._dtypes.update({id(tensor): dtype for tensor, dtype in pairs})

    def _traced(self, node: Any) -> list[str]:
        """Return the dtypes of what a layer makes of the dtypes that it will really be given."""

        def call(*tensors: Any) -> Any:
            given = {id(old): new for old, new in zip(node.input_tensors, tensors, strict=True)}
            args, kwargs = node.arguments.fill_in(given)
            return keras.tree.flatten(node.operation(*args, **kwargs))

        specs = [tf.TensorSpec(t.shape, self.dtype(t)) for t in node.input_tensors]
        made = tf.function(call, autograph=False).get_concrete_function(*specs)
        return [tensor.dtype.name for tensor in made.structured_outputs]

    def _find_exact(self, net: Calls) -> None:
        made = [tensor for node in reversed(net.nodes) for tensor in node.outputs]
        given = [tensor for node in net.nodes for tensor in node.input_tensors]
        for tensor in (*made, *(t for t in given if net.maker(t) is None)):
            readers = net.readers(tensor)
            if not readers or id(tensor) in net.outputs or self.is_whole(tensor):
                continue
            if all(self._reads_exactly(node, tensor) for node in readers):
                self._exact.add(id(tensor))
            if all(map(_reads_shapes, readers)):
                self._unread.add(id(tensor))

    def _reads_exactly(self, node: Any, tensor: Any) -> bool:
        operation = node.operation
        if is_graph(operation):
            inner = [inner for outer, inner in _passed(node) if outer is tensor]
            return not any(map(self.is_number, inner))
        if _is_table(operation):
            return True
        if op_name(operation) in (*_READ_EXACTLY, *_READ_SHAPES):
            return all(map(self.is_whole, node.outputs))
        plain = not isinstance(operation, keras.layers.Layer) or not operation.weights
        return plain and all(map(self.is_exact, node.outputs))


def _reads_shapes(node: Any) -> bool:
    return op_name(node.operation) in _READ_SHAPES


def _is_table(operation: Any) -> bool:
    return isinstance(bare(operation), keras.layers.Embedding)


def _is_float(dtype: str) -> bool:
    return "float" in dtype


def _passed(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the tensors that the call of a model passes, each with the input that it becomes."""
    inner = keras.tree.flatten(input_structure(functional(node.operation)))
    yield from zip(node.input_tensors, inner, strict=False)


def _masks(node: Any) -> Iterator[Any]:
    """Yield the tensors that a layer takes as a mask, by the name of the argument."""
    if not isinstance(node.operation, keras.layers.Layer):
        return
    arguments = node.arguments
    bound = inspect.signature(node.operation.call).bind(*arguments.args, **arguments.kwargs)
    for name, value in (*bound.arguments.items(), *bound.kwargs.items()):
        if "mask" in name:
            yield from (t for t in keras.tree.flatten(value) if isinstance(t, keras.KerasTensor))
