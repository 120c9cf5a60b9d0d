"""The calls that one sample makes on its way through a model, with the shapes it has there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from tfprune.counts.shapes import Uncounted, einsum_shape
from tfprune.errors import first_line, first_sentence
from tfprune.graph import functional, interpret, is_graph, nodes_in_order
from tfprune.keras_facts import is_array, is_keras_layer
from tfprune.keras_internals import calls_undone, check_input, layers_of, node_behind


@dataclass(frozen=True)
class CountedCall:
    """One call of a layer, a model or an operation of `keras.ops`.

    Args:
        operation: What is called.
        args: Its arguments; tensors are `KerasTensor`s that hold one sample.
        kwargs: Its keyword arguments.
        outputs: What it returns, flat.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Any]

    @property
    def operands(self) -> list[Any]:
        """The arguments that have a shape, in order: tensors, variables, arrays."""
        arguments = keras.tree.flatten((self.args, tuple(self.kwargs.values())))
        return [argument for argument in arguments if is_array(argument)]

    @property
    def inputs(self) -> list[Any]:
        """The arguments that are tensors of the graph."""
        return tensors_in((self.args, self.kwargs))


def one_sample(tensor: Any) -> Any:
    """Return a fresh symbolic tensor like `tensor` with a batch of one."""
    return keras.KerasTensor((1, *tensor.shape[1:]) if tensor.shape else (), tensor.dtype)


def graph_calls(model: Any, inputs: Sequence[Any]) -> tuple[list[CountedCall], list[Any]]:
    """Return the calls in a Functional or Sequential model, producers first, and its outputs.

    Shapes stand at the model's own nodes and are taken from there; they are computed anew where
    the inputs differ from the model's, or where a call may move or split the batch dimension.

    Raises:
        Uncounted: the shapes can't be computed for these inputs.
    """
    net = functional(model)
    if len(inputs) != len(net.inputs):
        raise Uncounted(f"{model.name} has {len(net.inputs)} inputs and gets {len(inputs)}")
    nodes = [node for node in nodes_in_order(net) if not node.is_input]
    same = all(a.shape[1:] == b.shape[1:] for a, b in zip(inputs, net.inputs, strict=True))
    known = same and all(map(_is_plain, nodes))
    calls: list[CountedCall] = []

    def made(node: Any, args: Any, kwargs: Any) -> list[Any]:
        known_outputs = [one_sample(tensor) for tensor in node.outputs] if known else None
        outputs = known_outputs or output_specs(node.operation, args, kwargs)
        calls.append(CountedCall(node.operation, args, kwargs, outputs))
        return outputs

    outputs = interpret(net, inputs, made)
    return calls, outputs


def output_specs(operation: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    """Compute the shapes and dtypes that an operation returns, flat.

    Raises:
        Uncounted: it does not take these inputs.
    """
    if is_graph(operation):
        return graph_calls(operation, first_argument(args, kwargs))[1]
    try:
        if isinstance(operation, keras.layers.Layer) and args:
            check_input(operation, args[0])
        if isinstance(operation, keras.layers.EinsumDense):
            return [_einsum_spec(operation, args[0])]
        return list(keras.tree.flatten(operation.compute_output_spec(*args, **kwargs)))
    except Exception as error:  # whatever a layer's own code raises
        raise Uncounted(f"{operation.name} refuses these shapes: {first_line(error)}") from error


def first_argument(args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
    """Return the tensors in the first argument: a model's inputs, without its masks."""
    return tensors_in((*args, *kwargs.values())[:1])


def tensors_in(arguments: Any) -> list[Any]:
    """Return the symbolic tensors in a structure of arguments, in order."""
    return [x for x in keras.tree.flatten(arguments) if isinstance(x, keras.KerasTensor)]


def unfolded_calls(layer: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[CountedCall]:
    """Run a layer's `call` on symbolic tensors and return the calls it made; nothing is computed.

    The nodes that Keras adds to the layers inside are taken away again.

    Raises:
        Uncounted: the layer's code does not run on symbolic tensors.
    """
    parts = layers_of(layer)
    args, kwargs = keras.tree.map_structure(_fresh, (tuple(args), dict(kwargs)))
    with _borrowed(parts):
        try:
            with keras.StatelessScope():
                outputs = layer.call(*args, **kwargs)
        except Exception as error:  # whatever a layer's own code raises
            told = first_sentence(error)
            raise Uncounted(f"its call does not run on symbolic tensors: {told}") from error
        return _calls_behind(keras.tree.flatten(outputs))


def _is_plain(node: Any) -> bool:
    """Whether a node's own shapes are right: all sizes known but the first, which is the batch."""
    operation = node.operation
    if isinstance(operation, keras.layers.EinsumDense):
        return None not in node.outputs[0].shape[1:]
    if isinstance(operation, keras.layers.Layer):
        known = is_keras_layer(operation)
        return known and not isinstance(operation, keras.layers.Lambda)
    return node.outputs[0].shape in [tensor.shape for tensor in node.input_tensors]


def _einsum_spec(layer: Any, inputs: Any) -> Any:
    """Return what an EinsumDense returns; Keras leaves open each size that was open when built."""
    shape = einsum_shape(layer.equation, [inputs.shape, layer.kernel.shape])
    return keras.KerasTensor(shape, layer.compute_dtype)


def _fresh(value: Any) -> Any:
    if isinstance(value, keras.KerasTensor):
        return keras.KerasTensor(value.shape, value.dtype)
    return value


@contextmanager
def _borrowed(layers: Sequence[Any]) -> Iterator[None]:
    """Let layers be called on symbolic tensors, with exact shapes, and leave no trace of it."""
    einsums = [layer for layer in layers if isinstance(layer, keras.layers.EinsumDense)]
    for layer in einsums:
        vars(layer)["compute_output_spec"] = partial(_einsum_spec, layer)
    try:
        with calls_undone(layers):
            yield
    finally:
        for layer in einsums:
            del vars(layer)["compute_output_spec"]


def _calls_behind(outputs: Sequence[Any]) -> list[CountedCall]:
    """Return the calls that lead to `outputs`, producers first."""
    nodes: dict[int, Any] = {}  # in the order in which they were finished
    waiting = [node for node in map(node_behind, outputs) if node is not None]
    while waiting:
        node = waiting[-1]
        before = [node_behind(tensor) for tensor in node.input_tensors]
        unseen = [n for n in before if n is not None and id(n) not in nodes]
        if unseen:
            waiting += reversed(unseen)
        else:
            nodes.setdefault(id(waiting.pop()), node)
    return [
        CountedCall(n.operation, n.arguments.args, n.arguments.kwargs, list(n.outputs))
        for n in nodes.values()
    ]
