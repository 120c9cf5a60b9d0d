"""What a model is like: where its work and its weights are, what can go, what would run sparse."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from tfprune.channels import Group, Structure, trace
from tfprune.counts import count, macs_by_kernel
from tfprune.depth.planning import plan_layers
from tfprune.errors import PruneError
from tfprune.keras_facts import kernels_of
from tfprune.keras_facts.kernel_kinds import (
    ATTENTION,
    CONVOLUTIONS,
    DENSE,
    EMBEDDING,
    POINTWISE,
    RECURRENT,
    kind_of,
)
from tfprune.notes import Note
from tfprune.quantization.quantize import layers_left_float
from tfprune.rewriting import plan_sparse_ready

UNITS = {
    **dict.fromkeys(CONVOLUTIONS, "filters"),
    DENSE: "neurons",
    ATTENTION: "heads",
    RECURRENT: "recurrent units",
    EMBEDDING: "embedding widths",
}


@dataclass(frozen=True)
class KindShare:
    """What the kernels of one kind hold of a model.

    Args:
        kind: `"1x1 convolution"`, `"attention"`, ...
        kernels: How many there are.
        params: Their share of all parameters.
        macs: Their share of all multiply-accumulates; None if these can't be known.
    """

    kind: str
    kernels: int
    params: float
    macs: float | None


@dataclass(frozen=True)
class UnitShare:
    """How many units of one kind can be removed: `1,904 of 1,914 filters`."""

    what: str
    can_go: int
    units: int

    def __str__(self) -> str:
        return f"{self.can_go:,} of {self.units:,} {self.what} can go"


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a model is like.

    Args:
        family: "CNN", "transformer", "recurrent", "MLP" or "mixed", by where its work is.
        params: Its parameters.
        weight_bytes: What they take.
        macs: Multiply-accumulates of one sample; None if they can't be known.
        activation_bytes: What the outputs of all layers take, for one sample; None likewise.
        kinds: What its kernels are, the most work first.
        units: What can be removed, by kind.
        widest: The median width of the groups of units that can shrink, 0 if there are none.
        blocks: How many blocks or layers can be taken out.
        changes: How many calls `make_sparse_ready` makes in another way; None if not asked.
        obstacles: What keeps it from running sparse on ARM even then; None if not asked.
        stays_float: The layers that have no int8 rule.
        notes: What could not be looked at, and why.
    """

    family: str
    params: int
    weight_bytes: int
    macs: int | None
    activation_bytes: int | None
    kinds: tuple[KindShare, ...]
    units: tuple[UnitShare, ...]
    widest: int
    blocks: int
    changes: int | None
    obstacles: tuple[Note, ...] | None
    stays_float: tuple[Note, ...]
    notes: tuple[Note, ...]

    def share(self, *kinds: str) -> float:
        """Return the share of the work in kernels of some kinds; of the parameters if unknown."""
        found = [one for one in self.kinds if one.kind in kinds]
        if self.macs:
            return sum(one.macs or 0 for one in found)
        return sum(one.params for one in found)

    def weights(self, kind: str) -> float:
        """Return the share of the parameters in kernels of a kind."""
        return sum(one.params for one in self.kinds if one.kind == kind)


def traits_of(model: Any, input_shape: Any = None, sparse: bool = True) -> Traits:
    """Look at a model; nothing is trained, and only `sparse` converts it.

    Args:
        model: A built Keras model, not changed.
        input_shape: Of one sample, where the model leaves sizes open.
        sparse: Whether to ask what would run sparse, of a model with 1x1 convolutions; that
            converts it.

    Raises:
        PruneError: it is no Keras model, or not built.
    """
    counts = count(model, input_shape)
    notes = list(counts.notes)
    kinds, products = _kinds(model, input_shape, counts)
    structure = _tried(lambda: trace(model), "channels", notes)
    groups = [] if structure is None else structure.groups
    plan = _tried(lambda: plan_layers(model), "blocks", notes)
    shrinking = sorted(group.size for group in groups if group.kept_whole is None)
    ready = None
    if sparse and any(one.kind == POINTWISE for one in kinds):
        ready = _tried(lambda: plan_sparse_ready(model), "sparse kernels", notes)
    left_float = _tried(lambda: layers_left_float(model), "int8", notes)
    return Traits(
        family=_family(kinds, products),
        params=counts.params,
        weight_bytes=counts.bytes,
        macs=counts.macs,
        activation_bytes=counts.activation_bytes,
        kinds=kinds,
        units=() if structure is None else _units(structure),
        widest=shrinking[len(shrinking) // 2] if shrinking else 0,
        blocks=0 if plan is None else sum(row.reason == "can be removed" for row in plan.rows),
        changes=None if ready is None else len(ready.changes),
        obstacles=None if ready is None else ready.notes,
        stays_float=tuple(left_float or ()),
        notes=tuple(dict.fromkeys(notes)),
    )


def _tried(look: Any, what: str, notes: list[Note]) -> Any:
    """Return what a look found, or None with a note that says why it could not be had."""
    try:
        return look()
    except PruneError as error:
        notes.append(Note(what, f"not known: {error.found}"))
        return None


def _kinds(model: Any, input_shape: Any, counts: Any) -> tuple[tuple[KindShare, ...], float]:
    """Return what the kernels of each kind hold, and the share of products of two tensors."""
    by_kernel = macs_by_kernel(model, input_shape)
    number, params, macs = Counter[str](), Counter[str](), Counter[str]()
    for kernel in kernels_of(model):
        kind = kind_of(kernel)
        number[kind] += 1
        params[kind] += kernel.size
        macs[kind] += by_kernel.get(id(kernel.variable), 0)
    total = counts.macs
    shares = [
        KindShare(
            kind,
            number[kind],
            params[kind] / max(counts.params, 1),
            macs[kind] / total if total else None,
        )
        for kind in number
    ]
    shares.sort(key=lambda one: (-(one.macs or 0), -one.params))
    return tuple(shares), (total - sum(macs.values())) / total if total else 0.0


def _family(kinds: tuple[KindShare, ...], products: float) -> str:
    work: dict[str, float] = defaultdict(float)
    for one in kinds:
        work[one.kind] += one.params if one.macs is None else one.macs
    whole = sum(work.values()) or 1
    if sum(work[kind] for kind in CONVOLUTIONS) > whole / 2:
        return "CNN"
    if work[ATTENTION] or products > 0:
        return "transformer"
    if work[RECURRENT] > whole / 2:
        return "recurrent"
    return "MLP" if work[DENSE] > whole / 2 else "mixed"


def _units(structure: Structure) -> tuple[UnitShare, ...]:
    kinds = {id(k.variable): kind_of(k) for k in kernels_of(structure.model)}
    can_go, units = Counter[str](), Counter[str]()
    for group in structure.groups:
        kind = _maker(group, kinds)
        if kind is not None:
            units[UNITS[kind]] += group.size
            can_go[UNITS[kind]] += group.size if group.kept_whole is None else 0
    return tuple(UnitShare(what, can_go[what], units[what]) for what in units)


def _maker(group: Group, kinds: dict[int, str]) -> str | None:
    """Return the kind of the kernel that produces a group's units first."""
    writers = (m.variable for m in group.members if m.role == "writes" and id(m.variable) in kinds)
    first = next(writers, None)
    return None if first is None else kinds[id(first)]
