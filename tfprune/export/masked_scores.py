"""Masked attention scores: the fill of -1e9 bounded, so that int8 has steps left for the scores.

A mask fills the scores of padding with a number so low that its softmax is zero. The fill then
makes the range: of 256 steps between -1e9 and 10 none is left for the scores. A fill a little below
the lowest score gives the same zeros, and integer additions saturate there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tfprune.export.fills import MOVES, Fill, Fills
from tfprune.export.ranges import Ranges
from tfprune.notes import Note
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.reading import read_tflite

# e^-12 is far less than 1/256, the step of int8's softmax, also a hundred times in one row.
_BELOW = 12.0
_INTEGERS = ("int8", "int16")
# With a larger step between two scores int8's softmax sees only which one is the largest.
_LARGEST_STEP = 4.0


@dataclass(kw_only=True)
class _Chain:
    """The way from scores to their softmax, and the fills on it.

    Values there times `scale` are what the softmax reads: the way may hold a multiplication.

    Args:
        softmax: The softmax.
        tensors: Each tensor on the way that holds filled scores, and its scale.
        fills: What is added or selected on the way, the scale there, and the op.
        scores: The tensor with the scores themselves.
        scale: Its scale.
    """

    softmax: Op
    tensors: dict[int, float] = field(default_factory=dict)
    fills: list[tuple[Fill, float, Op]] = field(default_factory=list)
    scores: int = -1
    scale: float = 1.0


def bounded(content: bytes) -> bytes:
    """Return a calibrated float file whose masks fill scores with moderate numbers.

    Only what nothing but a softmax reads in the end is changed; no output moves by more than e^-12.

    Args:
        content: A float file with the range of every tensor, see `ranges.measured`.
    """
    tflite, ranges = read_tflite(content), Ranges(content)
    fills = Fills(tflite, ranges)
    chains = [chain for op in tflite.ops if op.name == "SOFTMAX" for chain in _chains(op, fills)]
    while True:
        changed = [fill for chain in chains for fill in chain.fills]
        allowed = {op.index for _, _, op in changed}.union(*(fill.ops for fill, _, _ in changed))
        kept = [
            c for c in chains if all(fills.only_read_by(fill, allowed) for fill, _, _ in c.fills)
        ]
        if len(kept) == len(chains):
            break
        chains = kept
    for fill, factor in _factors(chains, ranges):
        fills.multiply(fill, factor)
    for chain in chains:
        low, high = _scores(chain, ranges)
        for index, scale in chain.tensors.items():
            ranges.set(index, (low - _BELOW) / scale, high / scale)
    return ranges.content


def unbounded(tflite: TFLiteModel) -> Iterator[Note]:
    """Yield a note for each softmax of an integer file whose scores lie within a few steps."""
    for op in tflite.all_ops:
        scores = tflite.read_by(op)[0] if op.name == "SOFTMAX" else None
        if scores is not None and scores.dtype in _INTEGERS and scores.scales[0] > _LARGEST_STEP:
            found = f"its scores are {scores.dtype} in steps of {scores.scales[0]:.3g}"
            fix = "fill masked scores with about -30 instead, or keep_float what computes them"
            name = tflite.written_by(op)[0].name.split(";")[0]
            yield Note(name, f"{found}: a mask's fill makes their range; {fix}")


def _chains(softmax: Op, fills: Fills) -> Iterator[_Chain]:
    """Yield the chain that ends in a softmax, if there are fills on it."""
    chain, index, reader = _Chain(softmax=softmax), softmax.inputs[0], softmax.index
    while fills.read_only_by(index, reader):
        op = fills.maker(index)
        if op is None:
            break
        found = fills.in_op(op)
        factor = fills.positive_factor(op)
        if found is None and factor is None and op.name not in MOVES:
            break
        chain.tensors[index] = chain.scale
        if found is not None:
            place, fill = found
            chain.fills.append((fill, chain.scale, op))
            index = op.inputs[place]
        else:
            chain.scale *= factor or 1.0
            index = op.inputs[0]
        reader = op.index
    chain.scores = index
    if chain.fills and fills.has_range(index):
        yield chain


def _scores(chain: _Chain, ranges: Ranges) -> tuple[float, float]:
    """Return the range of the scores without fills, as their softmax reads them."""
    low, high = ranges.of(chain.scores) or (0.0, 0.0)
    return low * chain.scale, high * chain.scale


def _factors(chains: Iterable[_Chain], ranges: Ranges) -> Iterator[tuple[Fill, float]]:
    """Yield each fill, those that share a tensor joined, with the factor that its values get."""
    groups: list[tuple[Fill, float]] = []
    for chain in chains:
        low, high = _scores(chain, ranges)
        for fill, scale, op in chain.fills:
            below = low - _BELOW - (high if op.name in ("ADD", "SUB") else 0.0)
            joined, factor = fill, abs(below / scale / fill.lowest)
            others = [group for group in groups if group[0].tensors & fill.tensors]
            for other, larger in others:
                joined, factor = joined | other, max(factor, larger)
            groups = [group for group in groups if group not in others] + [(joined, factor)]
    yield from groups
