"""Is it right, and does it run sparse? One judgement for all CPUs with sparse kernels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfprune.diagnosis.compatibility import Layout, is_pointwise
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.hazards import hazards
from tfprune.diagnosis.parts import Graph, Part
from tfprune.diagnosis.records import DENSE, SAFE, UNKNOWN, UNSAFE, Finding
from tfprune.runtimes import FP16_METADATA, INPUT_MULTIPLE
from tfprune.tflite.model import Op, TFLiteModel


@dataclass(frozen=True)
class Judgement:
    """What becomes of a file where XNNPACK has sparse kernels.

    Args:
        verdict: As in `Verdict`.
        findings: What decides it, the first one first.
        everywhere: Whether it holds on CPUs without sparse kernels too: the file does not load.
    """

    verdict: str
    findings: tuple[Finding, ...]
    everywhere: bool = False


def judge(model: TFLiteModel, graphs: tuple[Graph, ...]) -> Judgement:
    """Return the judgement on a file."""
    if broken := [f for graph in graphs for f in _unloadable(graph)]:
        return Judgement(UNSAFE, tuple(broken), everywhere=True)
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


def sparse_ops(part: Part) -> set[int]:
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


def _unloadable(graph: Graph) -> Iterator[Finding]:
    view = graph.view
    for op in view.ops:
        if op.custom and op.name.startswith("Flex"):
            yield Finding.of("select ops", view.label(op), "is an op of TensorFlow")
        elif _narrow_bias(view, op):
            yield Finding.of("int16 bias", view.label(op), "has an int32 bias")
        elif op.index not in graph.left and _sparse_bytes(view, op):
            kernel = view.tensor_label(op.inputs[1])
            yield Finding.of("loading", view.label(op), f"reads sparse int8 weights {kernel!r}")


def _narrow_bias(view: GraphView, op: Op) -> bool:
    if op.name != "DEPTHWISE_CONV_2D" or len(op.inputs) < 3 or op.inputs[2] < 0:
        return False
    return [view.tensors[i].dtype for i in (op.inputs[0], op.inputs[2])] == ["int16", "int32"]


def _sparse_bytes(view: GraphView, op: Op) -> bool:
    """Whether the delegate takes the op's int8 weights from the file, where they lie sparse."""
    if op.name not in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        return False
    if op.inputs[1] not in view.sparse or view.tensors[op.inputs[1]].dtype != "int8":
        return False
    data = view.tensors[op.inputs[2 if op.name == "TRANSPOSE_CONV" else 0]].dtype
    return data == "float32" or op.name == "FULLY_CONNECTED"


def _wrong(view: GraphView, part: Part) -> Iterator[tuple[bool, Finding]]:
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
