"""One sparsity for each kernel of a plan, so that all together reach one, or a total."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from tfprune.allocate import KernelAllocation, KernelWeights, sparsities
from tfprune.counts import kernel_macs
from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel
from tfprune.patterns import Block
from tfprune.plan.rules import Row, Rule
from tfprune.schedules import PruningSchedule


def as_allocation(allocation: Any) -> KernelAllocation | None:
    """Return the allocation that is meant: an object, the name of one, or None for none.

    Raises:
        PruneError: it is none of these.
    """
    if isinstance(allocation, str):
        return KernelAllocation(allocation)
    if allocation is None or isinstance(allocation, KernelAllocation):
        return allocation
    raise PruneError(
        f"allocation={allocation!r}",
        "it is neither a name nor an allocation",
        'allocation="erdos_renyi", or an object tfprune.allocate.KernelAllocation(...)',
    )


def share_out(
    rows: Sequence[Row],
    kernels: Sequence[Kernel],
    model: Any,
    default: Rule,
    allocation: KernelAllocation,
) -> list[Row]:
    """Give each row whose schedule is the call's a sparsity of its own; the others stay.

    Args:
        rows: One for each kernel, in their order.
        kernels: The model's.
        model: The model.
        default: The rule of the call.
        allocation: How, and up to which total.

    Raises:
        PruneError: no kernel takes part, a kernel has a mask already, the schedule cannot be
            brought to another sparsity, or a total cannot be known or reached.
    """
    wrapped = [row.kernel for row in rows if row.wrapped]
    if wrapped:
        raise _refused(allocation, f"{wrapped[0]} has a mask already", "strip_pruning(model) first")
    taking = [i for i, row in enumerate(rows) if _takes_part(row, kernels[i], default)]
    if not taking:
        found = "no kernel goes by the call's schedule and decides how many zeros it has"
        raise _refused(allocation, found, "leave allocation out, or change the rules")
    weights = [_weights(kernels[i], rows[i]) for i in taking]
    cost = None
    if allocation.of is not None:
        cost = _cost(allocation, rows, kernels, taking, model)
    zeros = sparsities(allocation, weights, default.final_sparsity, cost)
    shared = list(rows)
    for i, sparsity in zip(taking, zeros, strict=True):
        shared[i] = _brought_to(sparsity, rows[i], allocation)
    return shared


def _takes_part(row: Row, kernel: Kernel, default: Rule) -> bool:
    rule = row.rule
    if rule is None or rule.pattern.fixed_sparsity is not None or not kernel.variable.trainable:
        return False
    return rule.pruning_schedule is default.pruning_schedule


def _brought_to(sparsity: float, row: Row, allocation: KernelAllocation) -> Row:
    assert row.rule is not None  # those that take part have one
    schedule: Any = row.rule.pruning_schedule
    if not isinstance(schedule, PruningSchedule):
        found = f"{type(schedule).__name__} does not say how it reaches another final sparsity"
        fix = "inherit from tfprune.PruningSchedule, and write reaching(sparsity)"
        raise _refused(allocation, found, fix)
    rule = dataclasses.replace(row.rule, pruning_schedule=schedule.reaching(sparsity))
    words = allocation.describe()
    return dataclasses.replace(
        row, rule=rule, reason=f"{row.reason}, shared out by {words}", allocation=words
    )


def _weights(kernel: Kernel, row: Row) -> KernelWeights:
    assert row.rule is not None
    rule, weights = row.rule, ops.cast(ops.convert_to_tensor(kernel.variable), "float32")
    first = rule.score.at_first(kernel.shape, kernel.name)
    scores = kernel.to_canonical(rule.score.of(weights, ops.convert_to_tensor(first)))
    pooled = rule.pattern.pooled(scores) if isinstance(rule.pattern, Block) else scores
    return KernelWeights(kernel.name, kernel.shape, ops.convert_to_numpy(pooled))


def _cost(
    allocation: KernelAllocation,
    rows: Sequence[Row],
    kernels: Sequence[Kernel],
    taking: Sequence[int],
    model: Any,
) -> Callable[[np.ndarray], float]:
    """Return a function: the share of weights that stays in each that takes part → the total."""
    stays = [1.0 - _planned(row, kernel) for row, kernel in zip(rows, kernels, strict=False)]
    if allocation.of == "macs":
        macs, unknown = kernel_macs(model)
        if unknown:
            raise _refused(allocation, f"MACs are not known: {unknown[0]}", 'of="params"')
        own = [macs.get(id(kernel.variable), 0) for kernel in kernels]
        price = [_in_proportion(each) for each in own]
        fixed = sum(macs.values()) - sum(own)
    else:
        counted = {id(kernel.variable) for kernel in kernels}
        variables = {id(v): v for v in model.weights if id(v) not in counted}.values()
        fixed = sum(math.prod(v.shape) for v in variables)
        price = [_in_proportion(kernel.size) for kernel in kernels]
        if allocation.of == "bytes":
            fixed *= _FLOAT
            price = [_stored(kernel) for kernel in kernels]

    def total(shares: np.ndarray) -> float:
        now = [*stays]
        for i, share in zip(taking, shares, strict=True):
            now[i] = float(share)
        return fixed + sum(of(share) for of, share in zip(price, now, strict=True))

    return total


def _planned(row: Row, kernel: Kernel) -> float:
    return 0.0 if row.rule is None or not kernel.variable.trainable else row.rule.final_sparsity


def _in_proportion(whole: int) -> Callable[[float], float]:
    return lambda share: whole * share


_FLOAT = 4


def _stored(kernel: Kernel) -> Callable[[float], float]:
    """Return share that stays → bytes of a float32 kernel in a .tflite, sparse if that is smaller.

    Rows of inputs are stored as values, their places and where each row begins, the numbers in as
    few bytes as hold them (TensorFlow, lite/kernels/internal/utils/sparsity_format_converter;
    schema.fbs, SparsityParameters).
    """
    length = math.prod(kernel.shape[axis] for axis in kernel.in_axes) or 1
    rows = kernel.size // length

    def stored(share: float) -> float:
        kept = share * kernel.size
        each = _FLOAT + _bytes_for(length - 1)
        return min(_FLOAT * kernel.size, each * kept + _bytes_for(kept) * (rows + 1))

    return stored


def _bytes_for(number: float) -> int:
    return 1 if number < 2**8 else 2 if number < 2**16 else 4


def _refused(allocation: KernelAllocation, found: str, fix: str) -> PruneError:
    return PruneError(f"share zeros out by {allocation.describe()}", found, fix)
