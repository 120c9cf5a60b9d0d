"""The doctor: read a .tflite file and say which kernels run it, and whether they are right."""

from __future__ import annotations

from tfprune.diagnosis.custom_ops import ATTENTION
from tfprune.diagnosis.judging import Judgement, judge
from tfprune.diagnosis.kernels import kernels_of
from tfprune.diagnosis.obstacles import obstacles
from tfprune.diagnosis.parts import Graph, graphs_of
from tfprune.diagnosis.records import (
    DENSE,
    SAFE,
    TARGETS,
    UNLOADABLE,
    UNSAFE,
    Diagnosis,
    Finding,
    Verdict,
    check_target,
)
from tfprune.diagnosis.remarks import remarks, runtime_needed
from tfprune.errors import FileError
from tfprune.runtimes import SPARSE_RULES
from tfprune.tflite.composites import inlined
from tfprune.tflite.model import TFLiteModel

# What the schema allows and no converter writes: ops without outputs, shapes without dimensions.
_ODD = (IndexError, KeyError, ValueError, TypeError, OverflowError, RecursionError)


def diagnose(
    model: TFLiteModel, target: str | None = None, *, as_if_sparse: bool = False
) -> Diagnosis:
    """Say which kernels will run a file, and whether they will compute rightly.

    Only the file is read; nothing runs, and TensorFlow is not needed.

    Args:
        model: A file, as `read_tflite` gives it.
        target: One of `TARGETS`; None for all.
        as_if_sparse: Whether to judge it as if its weights were stored sparse.

    Raises:
        PruneError: there is no such target.
        FileError: the file contradicts itself.

    The rules and their sources are `tfprune.runtimes.SPARSE_RULES`.
    """
    if target is not None:
        check_target(target)
    targets = tuple(TARGETS) if target is None else (target,)
    try:
        return _diagnose(model, targets, as_if_sparse)
    except _ODD as error:
        if isinstance(error, FileError):
            raise
        raise FileError(
            f"diagnose {model.path or 'a file'}",
            f"an op in it is malformed ({type(error).__name__}: {error})",
            "convert the model again with tfprune.convert(model, 'model.tflite')",
        ) from error


def _diagnose(model: TFLiteModel, targets: tuple[str, ...], as_if_sparse: bool) -> Diagnosis:
    called, model = model, inlined(model, ATTENTION)
    graphs = graphs_of(model, as_if_sparse)
    judgement = judge(model, graphs)
    if called.subgraphs != model.subgraphs and judgement.right:
        other = judge(called, graphs_of(called, as_if_sparse))
        judgement = judgement if other.right else other
    back = _back(model, graphs, judgement)
    verdicts = tuple(_verdict(target, judgement, back, graphs) for target in targets)
    return Diagnosis(
        subject=model.path or "",
        verdicts=verdicts,
        ops=kernels_of(model, graphs, targets),
        findings=tuple(dict.fromkeys((*judgement.findings, *back, *remarks(model, graphs)))),
        runtime=runtime_needed(model),
        bytes=model.bytes,
    )


def _back(
    model: TFLiteModel, graphs: tuple[Graph, ...], judgement: Judgement
) -> tuple[Finding, ...]:
    """Return what holds a dense file back from running sparse."""
    if judgement.verdict != DENSE:
        return ()
    parts = [part for graph in graphs for part in graph.parts]
    could = any(part.rewrite.first for part in parts)  # but its weights are stored dense
    if any(part.told for part in parts) and not could:
        return obstacles(graphs)
    found = "stores no weight sparse that XNNPACK takes"
    if any(part.told for part in parts):
        found = "stores no weight sparse of the part that could run sparse"
    stored = Finding.of("stored dense", "the file", found)
    return (stored, *obstacles(graphs_of(model, as_if_sparse=True)))


def _verdict(
    target: str, judgement: Judgement, back: tuple[Finding, ...], graphs: tuple[Graph, ...]
) -> Verdict:
    if judgement.everywhere:
        first = judgement.findings[0]
        loads = judgement.verdict != UNLOADABLE
        words = f"wrong numbers: {first}; {SPARSE_RULES[first.rule].says}"
        reason = words if loads else f"does not load: {first}"
        return Verdict(target, judgement.verdict, reason, first.rule)
    if target == "x86":
        more = "; the same file is wrong on ARM64" if judgement.verdict == UNSAFE else ""
        return Verdict(target, DENSE, SPARSE_RULES["x86"].says + more, "x86")
    if judgement.verdict == SAFE:
        return Verdict(target, SAFE, _sparse_part(graphs))
    if judgement.verdict == DENSE:
        says = SPARSE_RULES[back[0].rule].says
        return Verdict(target, DENSE, f"runs dense: {back[0]}; {says}", back[0].rule)
    first = judgement.findings[0]
    rule = SPARSE_RULES[first.rule]
    word = "wrong numbers, or no loading" if judgement.verdict == UNSAFE else "nobody knows"
    return Verdict(target, judgement.verdict, f"{word}: {first}; {rule.says}", first.rule)


def _sparse_part(graphs: tuple[Graph, ...]) -> str:
    running = [
        cluster
        for graph in graphs
        for part in graph.parts
        if part.told
        for cluster in part.rewrite.clusters
        if cluster.obstacle is None and cluster.sparse_enough
    ]
    zeros, weights = sum(c.zeros for c in running), sum(c.weights for c in running)
    parts = "one part" if len(running) == 1 else f"{len(running)} parts"
    return (
        f"{parts} with {100 * zeros / max(weights, 1):.1f} % zeros in its 1x1 convolutions runs "
        "sparse on ARM64, dense on x86 with AVX"
    )
