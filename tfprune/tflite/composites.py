"""Composites: ops that stand for a graph of the file."""

from __future__ import annotations

from dataclasses import replace

from tfprune.tflite.model import Op, Subgraph, TFLiteModel

COMPOSITE = "STABLEHLO_COMPOSITE"
_DEPTH = 8  # composites inside composites; a damaged file may hold a circle


def inlined(model: TFLiteModel, known: frozenset[str] = frozenset()) -> TFLiteModel:
    """Return a file with the ops of each composite in its place, in all graphs.

    LiteRT's CompiledModel runs a file so; its Interpreter runs the graph as a call.

    Args:
        model: The file.
        known: Composites to leave, by name.

    Example:
        >>> graph = Subgraph(name="", tensors=(), ops=(), inputs=(), outputs=())
        >>> inlined(TFLiteModel(None, b"", (graph,))).ops
        ()
    """
    graphs = model.subgraphs
    for _ in range(_DEPTH):
        called = {_body(op, graphs, known) for graph in graphs for op in graph.ops} - {None}
        if not called:
            break
        graphs = tuple(
            replace(graph, ops=()) if place in called else _inline(graph, graphs, known)
            for place, graph in enumerate(graphs)
        )
    return replace(model, subgraphs=graphs)


def name_of(op: Op) -> str:
    """Return the name by which runtimes know a composite."""
    name = op.options.get("name") or b""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _body(op: Op, graphs: tuple[Subgraph, ...], known: frozenset[str]) -> int | None:
    """Return the place of the graph that an op stands for, None if it is no composite."""
    place = op.options.get("decompositionSubgraphIndex", 0)
    if op.name != COMPOSITE or name_of(op) in known or not 0 < place < len(graphs):
        return None
    body = graphs[place]
    fits = len(body.inputs) == len(op.inputs) and len(body.outputs) == len(op.outputs)
    passed = set(body.outputs) & set(body.inputs)
    return place if fits and body.ops and not passed and min(op.inputs, default=0) >= 0 else None


def _inline(graph: Subgraph, graphs: tuple[Subgraph, ...], known: frozenset[str]) -> Subgraph:
    tensors, ops = list(graph.tensors), []
    for op in graph.ops:
        place = _body(op, graphs, known)
        if place is None:
            ops.append(op)
            continue
        body = graphs[place]
        outer = dict(zip(body.inputs, op.inputs, strict=True))
        outer |= dict(zip(body.outputs, op.outputs, strict=True))
        for tensor in body.tensors:
            if tensor.index not in outer:
                outer[tensor.index] = len(tensors)
                tensors.append(replace(tensor, index=len(tensors)))
        ops += [replace(_moved(inner, outer), graph=op.graph) for inner in body.ops]
    numbered = tuple(replace(op, index=index) for index, op in enumerate(ops))
    return replace(graph, tensors=tuple(tensors), ops=numbered)


def _moved(op: Op, outer: dict[int, int]) -> Op:
    inputs = tuple(outer[i] if i >= 0 else i for i in op.inputs)
    return replace(op, inputs=inputs, outputs=tuple(outer[i] for i in op.outputs))
