"""Is it safe to store this model's weights sparse? Judged on the dense .tflite graph alone."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.diagnosis.cluster import BrokenRule, Cluster
from tfprune.diagnosis.graph_view import GraphView
from tfprune.runtimes import SPARSE_RULES
from tfprune.tflite.model import TFLiteModel


@dataclass(frozen=True)
class SparseVerdict:
    """Whether weights may be stored sparse.

    Args:
        safe: True if every runtime is known to load the file and compute the right numbers.
        reason: Why, in a sentence; for an unsafe model it names the rule that it breaks.
        runs_sparse: Whether XNNPACK's sparse kernels will run on ARM64; a safe model may also
            be merely smaller.
        rule: The name of the broken rule in `tfprune.runtimes.SPARSE_RULES`, None if none is.
    """

    safe: bool
    reason: str
    runs_sparse: bool = False
    rule: str | None = None


def judge_sparse(model: TFLiteModel) -> SparseVerdict:
    """Judge whether the weights of a densely stored model may be stored sparse.

    The rule is conservative: it calls safe what is known to be right, and nothing else. Known to
    be right are one XNNPACK sparse cluster from stem to pooling, and graphs in which no sparse
    cluster can begin.

    Args:
        model: A dense .tflite file, as `read_tflite` gives it.

    Returns:
        The verdict. The rules and their sources are `tfprune.runtimes.SPARSE_RULES`.
    """
    try:
        return _judge(model)
    except BrokenRule as broken:
        return _refusal(broken.rule, str(broken))


def judge_encoded(model: TFLiteModel, dense_bytes: int) -> SparseVerdict | None:
    """Return a verdict against a sparsely stored file, or None if it is as `judge_sparse` expects.

    The converter may store a weight so that an op reads it without a DENSIFY op in between, and
    the file may be no smaller than the `dense_bytes` of the densely stored one.
    """
    if model.bytes >= dense_bytes:
        sizes = f"sparse storage takes {model.bytes} bytes, dense storage {dense_bytes}"
        return _refusal("storage", sizes)
    if found := _quantized(model):
        return _refusal("quantization", found)
    for op in model.ops:
        if op.name == "DENSIFY":
            continue
        for i in op.inputs:
            if i >= 0 and model.tensors[i].sparse:
                return _refusal("densify", f"{op.name} reads {model.tensors[i].name!r} directly")
    return None


def _judge(model: TFLiteModel) -> SparseVerdict:
    if len(model.subgraphs) != 1:
        raise BrokenRule("graph", f"{len(model.subgraphs)} graphs")
    if found := _quantized(model):
        raise BrokenRule("quantization", found)
    graph = GraphView(model)
    if not any(graph.begins_cluster(op) for op in graph.ops):
        return SparseVerdict(
            True, "stored sparse to save bytes; every CPU runs it dense (rule 'no entry')"
        )
    cluster = Cluster(graph)
    cluster.check_zeros()
    zeros, size = cluster.zeros()
    return SparseVerdict(
        True,
        f"one XNNPACK cluster with {100 * zeros / size:.1f} % zeros in "
        f"{len(cluster.kernels)} 1x1 convolutions: runs sparse on ARM64, dense on x86 with AVX",
        runs_sparse=True,
    )


def _quantized(model: TFLiteModel) -> str | None:
    """Return which integers the file computes with, None if it has none."""
    quantized = [tensor for tensor in model.tensors if tensor.quantized]
    kernels = [tensor for tensor in quantized if tensor.is_constant and len(tensor.shape) > 1]
    if not quantized:
        return None
    return f"{len(kernels)} of its kernels are {(kernels or quantized)[0].dtype}"


def _refusal(rule: str, found: str) -> SparseVerdict:
    return SparseVerdict(False, f"rule {rule!r}: {found}; {SPARSE_RULES[rule].says}", rule=rule)
