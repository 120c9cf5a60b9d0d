"""Is it right, and does it run sparse? One judgement for all CPUs with sparse kernels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfprune.diagnosis.compatibility import Layout, is_pointwise
from tfprune.diagnosis.delegation import unpacked_each_time
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.hazards import hazards
from tfprune.diagnosis.parts import DelegatedPart, Graph
from tfprune.diagnosis.records import DENSE, SAFE, UNKNOWN, UNLOADABLE, UNSAFE, Finding
from tfprune.diagnosis.unloadable import unloadable
from tfprune.runtimes import FP16_METADATA, INPUT_MULTIPLE
from tfprune.tflite.model import Op, TFLiteModel


@dataclass(frozen=True)
class Judgement:
    """What becomes of a file where XNNPACK has sparse kernels.

    Args:
        verdict: As in `Verdict`.
        findings: What decides it, the first one first.
        everywhere: Whether it holds on CPUs without sparse kernels, too.
    """

    verdict: str
    findings: tuple[Finding, ...]
    everywhere: bool = False

    @property
    def right(self) -> bool:
        """Whether the file is known to load and to compute rightly."""
        return self.verdict in (SAFE, DENSE)


def judge(model: TFLiteModel, graphs: tuple[Graph, ...]) -> Judgement:
    """Return the judgement on a file."""
    if broken := [f for graph in graphs for f in unloadable(graph)]:
        return Judgement(UNLOADABLE, tuple(broken), everywhere=True)
    if lost := [f for graph in graphs for f in (*_compressed(graph), *_swallowed(graph))]:
        return Judgement(UNSAFE, tuple(lost), everywhere=True)
    told = [(graph.view, part) for graph in graphs for part in graph.parts if part.told]
    if told and FP16_METADATA in model.content:
        return Judgement(UNKNOWN, (Finding.of("native float16", "the file", "asks for both"),))
    wrong = [f for view, part in told for f in _wrong(view, part)]
    if wrong:
        verdict = UNSAFE if any(known for known, _ in wrong) else UNKNOWN
        return Judgement(verdict, (*_size(model, wrong), *(finding for _, finding in wrong)))
    if any(part.rewrite.first for _, part in told):
        return Judgement(SAFE, ())
    return Judgement(DENSE, ())


def sparse_ops(part: DelegatedPart) -> set[int]:
    """Return the indices of the ops that run on XNNPACK's sparse kernels."""
    rewrite = part.rewrite
    return {
        node.op.index
        for node in rewrite.nodes
        if part.told
        and node.outputs
        and node.outputs[0] in rewrite.first
        and is_pointwise(rewrite.view, node)
    }


def _compressed(graph: Graph) -> Iterator[Finding]:
    """Name ops that take a constant's nonzero values, as they lie in the file, for all of them."""
    for op in graph.view.every:
        for place, i in enumerate(op.inputs):
            if i >= 0 and graph.view.tensors[i].sparse and not _reads_sparse(graph, op, place):
                kind = graph.view.tensors[i].dtype
                found = f"reads sparse {kind} weights without a DENSIFY op"
                yield Finding.of("compressed", graph.view.label(op), found)


def _reads_sparse(graph: Graph, op: Op, place: int) -> bool:
    builtin = op.name == "FULLY_CONNECTED" and op.index in graph.left
    return op.name == "DENSIFY" or (builtin and place == 1)


def _swallowed(graph: Graph) -> Iterator[Finding]:
    """Name constants that are unpacked twice, the second time by a builtin kernel.

    The delegate then takes the DENSIFY op and leaves the DEQUANTIZE op, which reads memory that
    nobody writes.
    """
    view, late = graph.view, unpacked_each_time(graph.view, graph.left)
    for output, op in view.unpacking.items():
        if op.index in late and op.inputs[0] in view.unpacking:
            readers = [r for r in view.ops if output in r.inputs and r.index in graph.left]
            kind = view.tensors[op.inputs[0]].dtype
            yield Finding.of("swallowed", view.label(readers[0]), f"reads sparse {kind} weights")


def _wrong(view: GraphView, part: DelegatedPart) -> Iterator[tuple[bool, Finding]]:
    for hazard in hazards(part.rewrite):
        label = view.label(hazard.node.op)
        yield hazard.known, Finding.of(hazard.rule, label, hazard.found)
    if part.rewrite.clusters:
        for node, able in zip(part.rewrite.nodes, part.rewrite.abilities, strict=True):
            if is_pointwise(view, node) and able.layout == Layout.NONE and able.rule == _INTEGER:
                found = "is quantized beside float layers"
                yield False, Finding.of("graph", view.label(node.op), found)


_INTEGER = "quantization"


def _size(model: TFLiteModel, wrong: list[tuple[bool, Finding]]) -> Iterator[Finding]:
    """Name the input's size where it is why the padding went wrong."""
    if not any(finding.rule == "padding" for _, finding in wrong):
        return
    for i in model.inputs:
        shape = model.tensors[i].shape
        if len(shape) == 4 and any(n % INPUT_MULTIPLE for n in shape[1:3]):
            found = f"is {shape[1]}x{shape[2]}"
            yield Finding.of("size", f"the input {model.tensors[i].name!r}", found)
