"""What still keeps a model from running sparse: a note for each layer, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keras import layers

from tfprune.graph import Calls
from tfprune.keras_facts import PASS_THROUGH, op_name
from tfprune.keras_internals import maker
from tfprune.notes import Note
from tfprune.plan.policy import breaks_cluster
from tfprune.rewriting.numbers import constant_form
from tfprune.rewriting.part import SparsePart, is_pooling, padding_of
from tfprune.runtimes import INPUT_MULTIPLE


def obstacles(model: Any) -> list[Note]:
    """Return why a rewritten model would not run sparse, in the order of its calls."""
    calls = Calls(model)
    part = SparsePart(calls)
    if not part.entries:
        return [Note(model.name, _no_entry(calls))]
    if not any(part.follows(node) for node in part.exits):
        return [Note(model.name, "no GlobalAveragePooling2D follows the first convolution")]
    return [
        *_sizes(model, calls, part),
        *_inside(calls, part),
        *_gates(calls, part),
        *_leaks(model, calls, part),
    ]


def _no_entry(calls: Calls) -> str:
    found = "it has no convolution"
    for node in calls.nodes:
        if type(node.operation) is layers.Conv2D:
            rows, columns, channels = node.operation.kernel.shape[:3]
            stride = f"stride {node.operation.strides[0]}"
            found = f"{node.operation.name!r} is {rows}x{columns}, {stride}, on {channels} channels"
            break
    return f"sparse kernels begin at a Conv2D 3x3 of stride 2 on 3 channels, and {found}"


def _sizes(model: Any, calls: Calls, part: SparsePart) -> Iterator[Note]:
    """Yield a note for each input image whose size gives a layer of stride 2 an odd map."""
    odd = [node for node in calls.nodes if node in part and _reads_odd_map(calls, node)]
    for tensor in model.inputs if odd else ():
        if len(tensor.shape) == 4:
            name = odd[0].operation.name
            yield Note(maker(tensor).name, _nearest(tensor.shape[1:3], name))


def _nearest(size: tuple[int | None, ...], layer: str) -> str:
    advice = f"use multiples of {INPUT_MULTIPLE}"
    known = [n for n in size if n]
    if len(known) == 2:
        below = [max(n // INPUT_MULTIPLE, 1) * INPUT_MULTIPLE for n in known]
        above = [-(-n // INPUT_MULTIPLE) * INPUT_MULTIPLE for n in known]
        advice = " or ".join(dict.fromkeys((_by(below), _by(above))))
        advice = f"the nearest multiples of {INPUT_MULTIPLE} are {advice}"
    reads = "reads" if len(known) == 2 else "may read"
    return (
        f"at {_by(size)} the layer {layer!r} of stride 2 {reads} an odd map, and there the "
        f"converter turns even padding back into 'same': {advice}"
    )


def _by(size: Any) -> str:
    return "x".join(map(str, size))


def _strides(operation: Any) -> Any:
    return getattr(operation, "strides", None)


def _reads_odd_map(calls: Calls, node: Any) -> bool:
    if _strides(node.operation) != (2, 2):
        return False
    source = (padding_of(calls, node) or node).input_tensors[0]
    return any(size is None or size % 2 for size in source.shape[1:3])


def _inside(calls: Calls, part: SparsePart) -> Iterator[Note]:
    seen: set[int] = set()
    for node in calls.nodes:
        if node not in part or node in part.entries or id(node.operation) in seen:
            continue
        if _reads_odd_map(calls, node):
            continue  # the size of the image is what has to change
        seen.add(id(node.operation))
        reason = breaks_cluster(calls, node.operation) or _doubled(node)
        # Constants that no convolution takes in were given one by `carry`.
        if reason is not None and constant_form(node) is None:
            yield Note(node.operation.name, reason)


def _doubled(node: Any) -> str | None:
    twice = len({id(tensor) for tensor in node.input_tensors}) < len(node.input_tensors)
    adds = type(node.operation) is layers.Add or op_name(node.operation) == "Add"
    return "adds a map to itself: multiply it by 2" if adds and twice else None


def _gates(calls: Calls, part: SparsePart) -> Iterator[Note]:
    """Yield a note for each pooling inside the part that something else than a 1x1 reads."""
    for node in part.exits:
        for reader in calls.readers(node.outputs[0]) if node in part else ():
            reads = reader.operation
            if reader in part and not isinstance(reads, (layers.Conv2D, *PASS_THROUGH)):
                reason = f"{reads.name!r} reads its means: in a gate only a 1x1 convolution may"
                yield Note(node.operation.name, reason)


def _leaks(model: Any, calls: Calls, part: SparsePart) -> Iterator[Note]:
    """Yield a note for each way out of the sparse part that is no pooling."""
    for node in calls.nodes:
        makers = [calls.maker(tensor) for tensor in node.input_tensors]
        if node not in part and any(_is_map_of(part, maker) for maker in makers):
            yield Note(node.operation.name, "reads a map that no GlobalAveragePooling2D follows")
    for tensor in model.outputs:
        if _is_map_of(part, calls.maker(tensor)):
            name = maker(tensor).name
            yield Note(name, "is a map and an output of the model: end it in a pooling")


def _is_map_of(part: SparsePart, maker: Any) -> bool:
    return maker is not None and maker in part and not is_pooling(maker.operation)
