"""A mask that moves: the smallest weights are dropped, as many others grow."""

from __future__ import annotations

import zlib
from typing import Any

from keras import ops

from tfprune.keras_facts import Kernel
from tfprune.patterns import Block
from tfprune.plan import Rule
from tfprune.schedules import SET, Regrowth


def moved(rule: Rule, kernel: Kernel, *, mask: Any, weights: Any, gradient: Any, step: Any) -> Any:
    """Return the mask after one exchange; it keeps as many weights as the pattern does at first.

    Among equals the weight that comes first stays, and grows. N:M groups drop the smallest of the
    whole kernel and grow what each group then lacks.

    Args:
        rule: Its schedule is a `Regrowth`.
        kernel: The kernel.
        mask: Which of its weights stay now.
        weights: Their values, float32.
        gradient: The loss differentiated by all of them, float32; None if nobody has told it, then
            a mask that needs it stays.
        step: Integer scalar.
    """
    schedule: Any = rule.pruning_schedule
    if schedule.by_gradient and gradient is None:
        return mask
    fixed = rule.pattern.fixed_sparsity
    zeros = schedule.target_sparsity if fixed is None else fixed
    stays = kernel.to_canonical(mask)
    sizes = ops.where(stays, kernel.to_canonical(ops.abs(weights)), -1.0)
    dropped = 1.0 - (1.0 - zeros) * (1.0 - schedule.exchanged(step))
    left = (rule.pattern if fixed is None else Block()).mask(sizes, dropped)
    worth = ops.abs(gradient) if schedule.by_gradient else _drawn(rule, kernel, step)
    grown = rule.pattern.mask(ops.where(left, float("inf"), kernel.to_canonical(worth)), zeros)
    return kernel.from_canonical(grown)


def _drawn(rule: Rule, kernel: Kernel, step: Any) -> Any:
    """Return a number in [0, 1) for each weight, the same for the same seed, name and step."""
    import tensorflow as tf

    schedule = rule.pruning_schedule
    seed = schedule.seed if isinstance(schedule, SET) else 0
    own = zlib.crc32(f"{seed}/{kernel.name}".encode()) & 0x7FFFFFFF
    return tf.random.stateless_uniform(kernel.shape, [own, ops.cast(step, "int32")])


def regrows(rule: Rule) -> bool:
    """Whether a rule's mask moves."""
    return isinstance(rule.pruning_schedule, Regrowth)
