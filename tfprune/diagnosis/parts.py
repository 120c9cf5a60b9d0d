"""The parts of a file that XNNPACK gets, each with the layouts it will compute in."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.diagnosis.clusters import Rewrite
from tfprune.diagnosis.delegation import ops_left_out, partitions, unpacked_each_time
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.nodes import make_nodes
from tfprune.tflite.model import Op, TFLiteModel


@dataclass(frozen=True)
class DelegatedPart:
    """One part of a graph that XNNPACK gets.

    Args:
        ops: Its ops.
        rewrite: What becomes of them when XNNPACK is told to look for zeros.
        told: Whether it is told: some weight of this part is stored sparse.
    """

    ops: tuple[Op, ...]
    rewrite: Rewrite
    told: bool


@dataclass(frozen=True)
class Graph:
    """One graph of a file.

    Args:
        view: It, as XNNPACK sees it.
        left: Why XNNPACK leaves out an op, by the op's index.
        parts: What it takes.
    """

    view: GraphView
    left: dict[int, str]
    parts: tuple[DelegatedPart, ...]


def graphs_of(model: TFLiteModel, as_if_sparse: bool = False) -> tuple[Graph, ...]:
    """Return every graph of a file.

    Args:
        model: The file.
        as_if_sparse: Whether to take its weights for stored sparse.
    """
    return tuple(_graph(GraphView(graph), as_if_sparse) for graph in model.subgraphs)


def _graph(view: GraphView, as_if_sparse: bool) -> Graph:
    left = ops_left_out(view)
    parts = partitions(view, {*left, *unpacked_each_time(view, left)})
    return Graph(view, left, tuple(_part(view, ops, as_if_sparse) for ops in parts))


def _part(view: GraphView, ops: tuple[Op, ...], as_if_sparse: bool) -> DelegatedPart:
    indices = {op.index for op in ops}
    written = {i for op in ops for i in op.outputs}
    elsewhere = {i for op in view.ops if op.index not in indices for i in op.inputs}
    outside = written & (elsewhere | set(view.outputs))
    told = as_if_sparse or any(i in view.sparse for op in ops for i in op.inputs)
    return DelegatedPart(ops, Rewrite(view, make_nodes(view, ops, outside), outside), told)
