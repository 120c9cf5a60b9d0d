"""Why a file runs dense: what would have to change before sparse kernels run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfprune.diagnosis.clusters import Cluster, Rewrite
from tfprune.diagnosis.compatibility import Layout
from tfprune.diagnosis.hazards import hazards
from tfprune.diagnosis.nodes import Node
from tfprune.diagnosis.parts import Graph
from tfprune.diagnosis.records import Finding

_IMAGE_CHANNELS = 3


def obstacles(graphs: tuple[Graph, ...]) -> tuple[Finding, ...]:
    """Return what keeps the sparse kernels from running rightly, in the order of the ops.

    Args:
        graphs: The graphs of a file, judged as if their weights were stored sparse.
    """
    rewrites = [part.rewrite for graph in graphs for part in graph.parts]
    found = [finding for rewrite in rewrites for finding in _of(rewrite)]
    if not found and not any(rewrite.first for rewrite in rewrites):
        found = [_nothing(graphs, rewrites)]
    return tuple(dict.fromkeys(found))


def _of(rewrite: Rewrite) -> Iterator[Finding]:
    label = rewrite.view.label
    between = _between(rewrite)
    for n in sorted(between):
        found = rewrite.abilities[n]
        if not found.layout:
            yield Finding.of(found.rule, label(rewrite.nodes[n].op), found.found)
    for cluster in rewrite.clusters:
        if not between & set(cluster.nodes):
            continue
        if cluster.obstacle is not None and rewrite.abilities[cluster.obstacle.node].layout:
            stuck = rewrite.nodes[cluster.obstacle.node]
            yield Finding.of(cluster.obstacle.rule, label(stuck.op), cluster.obstacle.found)
        elif cluster.obstacle is None and cluster.weights and not cluster.sparse_enough:
            yield Finding.of("zeros", _span(rewrite, cluster), _share(cluster))
    if between:
        ready = Rewrite(rewrite.view, rewrite.nodes, rewrite.outside, forgiving=True)
        yield from (Finding.of(h.rule, label(h.node.op), h.found) for h in hazards(ready))


def _between(rewrite: Rewrite) -> set[int]:
    """Return the nodes on a way from a first convolution to a pooling that could end a cluster."""
    starts = [n for n, node in enumerate(rewrite.nodes) if _could_begin(rewrite, node)]
    ends = [n for n, able in enumerate(rewrite.abilities) if Layout.EXIT in able.layout]
    return _downstream(rewrite, starts) & _upstream(rewrite, ends)


def _could_begin(rewrite: Rewrite, node: Node) -> bool:
    if node.kind != "convolution":
        return False
    shape = rewrite.view.shape(node.inputs[1])
    return shape[3] == _IMAGE_CHANNELS and max(shape[1:3]) > 1


def _downstream(rewrite: Rewrite, starts: Iterable[int]) -> set[int]:
    reached = set(starts)
    values = {i for n in reached for i in rewrite.nodes[n].outputs}
    for n, node in enumerate(rewrite.nodes):
        if values & set(node.inputs):
            reached.add(n)
            values |= set(node.outputs)
    return reached


def _upstream(rewrite: Rewrite, ends: Iterable[int]) -> set[int]:
    reached = set(ends)
    values = {i for n in reached for i in rewrite.nodes[n].inputs}
    for n in reversed(range(len(rewrite.nodes))):
        if values & set(rewrite.nodes[n].outputs):
            reached.add(n)
            values |= set(rewrite.nodes[n].inputs)
    return reached


def _nothing(graphs: tuple[Graph, ...], rewrites: list[Rewrite]) -> Finding:
    """Return what is missing where nothing lies between a beginning and an end."""
    for graph in graphs:
        for part in graph.parts:
            for node in part.rewrite.nodes:
                if _could_begin(part.rewrite, node) and (cut := _cut_off(graph, node)):
                    return cut
    for rewrite in rewrites:
        for node in rewrite.nodes:
            if node.op.name == "CONV_2D":
                return _first_convolution(rewrite, node)
    for graph in graphs:
        for op in graph.view.ops:
            if op.name == "CONV_2D":
                return Finding.of("builtin", graph.view.label(op), graph.left.get(op.index, ""))
    return Finding.of("entry", "the file", "has no convolution")


def _cut_off(graph: Graph, first: Node) -> Finding | None:
    """Return the op behind a first convolution that XNNPACK leaves out, so that it sees no end."""
    for op in graph.view.ops:
        if op.index > first.op.index and op.index in graph.left:
            found = f"is left to a builtin kernel: {graph.left[op.index]}"
            return Finding.of("builtin", graph.view.label(op), found)
    return None


def _first_convolution(rewrite: Rewrite, node: Node) -> Finding:
    label, kind = rewrite.view.label(node.op), rewrite.view.tensors[node.inputs[0]].dtype
    if kind != "float32":
        return Finding.of("quantization", label, f"computes with {kind}")
    if _could_begin(rewrite, node):
        if any(Layout.EXIT in able.layout for able in rewrite.abilities):
            return Finding.of("pointwise", "the file", "has no 1x1 convolution before its pooling")
        return Finding.of("exit", "the file", "does not end in a pooling of the whole image")
    rows, columns, channels = rewrite.view.shape(node.inputs[1])[1:]
    found = f"is the first convolution: {rows}x{columns} on {channels} channels"
    return Finding.of("entry", label, found)


def _span(rewrite: Rewrite, cluster: Cluster) -> str:
    first, last = (rewrite.nodes[n].op for n in (cluster.nodes[0], cluster.nodes[-1]))
    return f"from {rewrite.view.label(first)} to {rewrite.view.label(last)}"


def _share(cluster: Cluster) -> str:
    return f"{100 * cluster.zeros / cluster.weights:.1f} % of {cluster.weights} weights are zero"
