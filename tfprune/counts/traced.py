"""Layers whose code is TensorFlow's: trace it once and read the graph that comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from tfprune.counts.calls import CountedCall
from tfprune.counts.shapes import Uncounted, einsum_macs, product, spatial
from tfprune.errors import first_line
from tfprune.keras_internals import layers_of

_HIDING = {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If"}
_HIDING |= {"StatelessIf", "Case", "MapDefun", "PyFunc", "EagerPyFunc", "XlaCallModule"}
_UNRULED = {"Cholesky", "MatrixInverse", "MatrixSolve", "Svd", "Qr", "SelfAdjointEigV2", "FFT"}
_UNRULED |= {
    "RFFT",
    "IRFFT",
    "IFFT",
    "SparseTensorDenseMatMul",
    "XlaDotV2",
    "MatrixTriangularSolve",
}
_POSITIONS = {  # op → operand that stands where the kernel is applied; None is the output
    "Conv2D": None,
    "Conv3D": None,
    "DepthwiseConv2dNative": None,
    "Conv2DBackpropInput": 2,
    "Conv3DBackpropInputV2": 2,
}


@dataclass(frozen=True)
class OwnCode:
    """What a layer's code computes itself, outside of the layers inside it."""

    name: str
    macs: int


@dataclass
class _Trace:
    depth: int = 0
    calls: list[CountedCall] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)  # indices of ops that layers inside made


def traced_calls(layer: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[CountedCall]:
    """Trace a layer's `call` and return the calls of layers inside it and its own code's as one.

    Raises:
        Uncounted: another backend than TensorFlow, or code whose cost the graph does not show.
    """
    if keras.backend.backend() != "tensorflow":
        raise Uncounted("only on the TensorFlow backend can its code be traced")
    trace = _Trace()
    try:
        with _watched(layers_of(layer), trace):
            outputs = keras.Operation.compute_output_spec(layer, *args, **kwargs)
    except Uncounted:
        raise
    except Exception as error:  # whatever a layer's own code raises
        raise Uncounted(f"its call can't be traced: {first_line(error)}") from error
    own = trace.calls.pop()
    return [*trace.calls, CountedCall(own.operation, (), {}, _specs(outputs, flat=True))]


@contextmanager
def _watched(layers: Sequence[Any], trace: _Trace) -> Iterator[None]:
    """Record the calls of layers while their code is traced."""
    before = [(vars(layer), vars(layer).get("call")) for layer in layers]
    for layer in layers:
        vars(layer)["call"] = _watching(layer, layer.call, trace)
    try:
        yield
    finally:
        for attributes, call in before:
            if call is None:
                del attributes["call"]
            else:
                attributes["call"] = call


def _watching(layer: Any, call: Callable[..., Any], trace: _Trace) -> Callable[..., Any]:
    import tensorflow as tf

    def watching(*args: Any, **kwargs: Any) -> Any:
        graph = tf.compat.v1.get_default_graph()
        start = len(graph.get_operations())
        trace.depth += 1
        outputs = call(*args, **kwargs)
        trace.depth -= 1
        made = range(start, len(graph.get_operations()))
        if trace.depth == 0:
            own = [op for i, op in enumerate(graph.get_operations()) if i not in trace.inside]
            trace.calls.append(CountedCall(OwnCode(layer.name, sum(map(_macs, own))), (), {}, []))
        elif trace.depth == 1:
            trace.inside.update(made)
            named = _specs(kwargs)
            trace.calls.append(CountedCall(layer, _specs(args), named, _specs(outputs, flat=True)))
        return outputs

    return watching


def _specs(values: Any, flat: bool = False) -> Any:
    """Turn TensorFlow's tensors into symbolic ones; flat, without what is no tensor."""
    import tensorflow as tf

    def spec(value: Any) -> Any:
        return keras.KerasTensor(value.shape, value.dtype.name) if tf.is_tensor(value) else value

    specs = keras.tree.map_structure(spec, values)
    found = keras.tree.flatten(specs)
    return [x for x in found if isinstance(x, keras.KerasTensor)] if flat else specs


def _macs(op: Any) -> int:
    """Return the multiply-accumulates of one op of a TensorFlow graph."""
    if op.type in _HIDING:
        raise Uncounted(f"its code runs {op.type}, which hides what it computes")
    if op.type in _UNRULED:
        raise Uncounted(f"there is no rule for TensorFlow's {op.type}")
    shapes = [_shape(tensor) for tensor in op.inputs]
    if op.type in ("MatMul", "BatchMatMulV2", "BatchMatMulV3"):
        turned = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        return product(_shape(op.outputs[0])) * product(shapes[0][-2 if turned else -1 :][:1])
    if op.type == "Einsum":
        return einsum_macs(op.get_attr("equation").decode(), shapes)
    if op.type in _POSITIONS:
        operand = _POSITIONS[op.type]
        where = _shape(op.outputs[0]) if operand is None else shapes[operand]
        last = op.get_attr("data_format").decode().endswith("C")
        positions = spatial(where, "channels_last" if last else "channels_first")
        return positions * math.prod(product((n,)) for n in shapes[1])
    return 0


def _shape(tensor: Any) -> list[int | None]:
    return [None] if tensor.shape.rank is None else tensor.shape.as_list()
