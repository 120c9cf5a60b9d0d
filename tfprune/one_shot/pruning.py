"""prune_once: zeros at once, the weights that stay refitted; no training, no labels."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfprune.errors import PruneError
from tfprune.graph import Clones, compiled_as, replay, unfold, values_of
from tfprune.keras_facts import Kernel, kernels_of
from tfprune.keras_facts.kernel_kinds import POINTWISE, kind_of
from tfprune.layer_names import Selector
from tfprune.measured import FACTS
from tfprune.notes import Note
from tfprune.one_shot.result import REFITTED, OnceRow, PrunedOnce
from tfprune.patterns import NM, Block, Pattern
from tfprune.plan import Plan, Row, Rule, plan_pruning
from tfprune.plan.planning import AllowsPruning
from tfprune.repairing import Pair, Zeros, repaired
from tfprune.runtimes import SPARSE_ZEROS
from tfprune.schedules import ConstantSparsity
from tfprune.scores import MagnitudeScore

log = logging.getLogger("tfprune")

_FROZEN = "frozen; give it a rule of its own to prune it all the same"
_NO_BETTER = "nothing else agreed more on held-out samples"


def prune_once(
    model: Any,
    sparsity: float | None = None,
    pattern: Pattern | None = None,
    *,
    repair_on: Any = None,
    rules: Mapping[Selector, Rule | None] | None = None,
    pruning_policy: AllowsPruning | None = None,
) -> Any:
    """Return a copy of a model whose least important weights are zero, without training it.

    With data, kernel by kernel in the order of the graph, the zeros are chosen by what they cost
    and the weights that stay are refitted to what the original computes, on the inputs that the
    network with zeros has there (`tfprune.repairing.zeros`). Kernels without zeros are refitted,
    too, where their inputs have changed. Without data the smallest weights become zero, no more:
    such a model is to be trained with `prune_low_magnitude` instead, or thrown away.

    Args:
        model: A built Keras model, not changed.
        sparsity: The share of zeros in each kernel, in [0, 1); 0.5 if None. `NM` says it itself.
        pattern: `Block` or `NM`; None decides weight by weight.
        repair_on: Inputs, in any form that `fit` takes, or a path; labels are not looked at. 256
            samples are enough for most models.
        rules: Selector of layers or kernels (see `tfprune.layer_names`) → `Rule`, of whose
            schedule the final sparsity counts, or None to make no zeros there.
        pruning_policy: An object whose `allow_pruning(layer)` says which layers take part.

    Returns:
        A plain Keras model of the same size; if `model` is compiled, with its settings and a new
        optimizer. `tfprune.one_shot.prune_at_once` with
        the same arguments returns a row for each kernel with it.

    Raises:
        PruneError: nothing can be pruned, a name matches nothing, an argument or the data is
            unfit, or a layer cannot be copied.

    Warns:
        PruneWarning: which kernels could not be repaired, and why.

    Example:
        >>> import keras
        >>> model = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(2)]
        ... )
        >>> x = np.random.default_rng(0).normal(size=(64, 4))
        >>> sparse = prune_once(model, 0.75, repair_on=x)
        >>> [int((layer.kernel.numpy() == 0).sum()) for layer in sparse.layers]
        [24, 12]
    """
    found = prune_at_once(
        model, sparsity, pattern, repair_on=repair_on, rules=rules, pruning_policy=pruning_policy
    )
    for row in found.rows:
        log.info("%s %s: %s, %s", row.kernel, row.shape, row.rule or "left alone", row.reason)
    return found.model


def prune_at_once(
    model: Any,
    sparsity: float | None = None,
    pattern: Pattern | None = None,
    *,
    repair_on: Any = None,
    rules: Mapping[Selector, Rule | None] | None = None,
    pruning_policy: AllowsPruning | None = None,
) -> PrunedOnce:
    """Return what `prune_once` returns, and a row for each kernel; `print` shows them.

    Raises:
        PruneError: as `prune_once`.
    """
    given = model
    model, _ = unfold(model, lambda layer: False)  # one whose calls are code is followed
    plan = plan_pruning(model, *_settings(sparsity, pattern, pruning_policy), rules=rules)
    kernels = kernels_of(model)
    rows = {row.kernel: row for row in plan.rows}
    zeros = {
        kernel.name: Zeros(kernel, rule.pattern, _sparsity(rule, kernel))
        for kernel in kernels
        if (rule := _rule(rows[kernel.name], kernel)) is not None
    }
    _check(model, plan, zeros)
    clones, made = Clones(model), dict[int, Any]()
    sparse = replay(model, clones.of, memo=made)
    clones.copy_weights()
    copies = {kernel.name: kernel.variable for kernel in kernels_of(sparse)}
    shared = [name for name in zeros if copies[name] is zeros[name].kernel.variable]
    if shared:
        raise PruneError(
            f"make zeros in {shared[0]}",
            "; ".join(map(str, clones.notes)) or "its layer cannot be copied",
            "a custom layer returns every argument of __init__ from get_config()",
        )
    for name, each in zeros.items():
        copies[name].assign(each.by_magnitude())
    notes = list(clones.notes)
    if repair_on is not None:
        pair = Pair(model, made, {id(each.kernel.variable): each for each in zeros.values()})
        sparse = repaired(pair, sparse, repair_on, notes)
    compiled_as(sparse, given)
    notes += _too_few(sparse)
    return PrunedOnce(sparse, _rows(plan, zeros, sparse, notes, repair_on is not None), notes)


def _too_few(sparse: Any) -> list[Note]:
    """Return a note if there are zeros in 1x1 convolutions, but too few to be skipped."""
    kernels = [k for k in kernels_of(sparse) if kind_of(k) == POINTWISE]
    weights = sum(kernel.size for kernel in kernels)
    zeros = sum(kernel.size - np.count_nonzero(values_of(kernel.variable)) for kernel in kernels)
    over, of = SPARSE_ZEROS
    if not zeros or zeros * of > weights * over:
        return []
    share = f"{100 * zeros / weights:.0f} % of the weights of its 1x1 convolutions are zero"
    return [Note(sparse.name, f"{share}: no runtime skips so few; {FACTS['two thirds']}")]


def _settings(sparsity: float | None, pattern: Pattern | None, policy: Any) -> tuple[Any, ...]:
    """Return the arguments as those of `plan_pruning`."""
    if isinstance(pattern, NM):
        if sparsity not in (None, pattern.fixed_sparsity):
            raise PruneError(
                f"sparsity={sparsity} with {pattern}",
                f"the pattern makes {pattern.fixed_sparsity:g} of the weights zero",
                "leave sparsity out",
            )
        return None, (1, 1), "AVG", policy, (pattern.zeros, pattern.of)
    if not isinstance(pattern, (Block, type(None))):
        raise PruneError(
            f"pattern={pattern!r}",
            "it is neither a Block nor an NM",
            "pattern=tfprune.Block((1, 2)), or tfprune.NM(zeros=2, of=4)",
        )
    pattern = pattern or Block()
    schedule = ConstantSparsity(0.5 if sparsity is None else sparsity, 0)
    return schedule, pattern.size, pattern.pooling, policy, None


def _rule(row: Row, kernel: Kernel) -> Rule | None:
    by_default = row.reason.startswith("default rule")
    return None if by_default and not kernel.variable.trainable else row.rule


def _sparsity(rule: Rule, kernel: Kernel) -> float:
    sparsity = rule.pattern.fixed_sparsity
    if sparsity is None:
        sparsity = getattr(rule.pruning_schedule, "final_sparsity", None)
    if sparsity is None:
        raise PruneError(
            f"make zeros in {kernel.name} at once",
            f"{rule.pruning_schedule!r} has no final_sparsity",
            "use tfprune.ConstantSparsity(0.8, begin_step=0)",
        )
    return float(sparsity)


def _check(model: Any, plan: Plan, zeros: Mapping[str, Zeros]) -> None:
    for row in plan.rows:
        if row.rule is not None and not row.wrapped and row.rule.score != MagnitudeScore():
            raise PruneError(
                f"make zeros in {row.kernel} at once, by {row.rule.score.name}",
                "zeros made at once are chosen by what they cost the outputs, or by magnitude",
                "leave the rule's score out, or train with tfprune.prune_low_magnitude",
            )
    wrapped = [row.kernel for row in plan.rows if row.wrapped]
    if wrapped:
        raise PruneError(
            f"make zeros in {model.name!r} at once",
            f"{wrapped[0]} has a mask already",
            "tfprune.strip_pruning(model) first",
        )
    if not zeros:
        raise PruneError(
            f"make zeros in {model.name!r}",
            "no kernel would get any:\n  " + "\n  ".join(map(str, plan.rows)),
            "change the rules or the policy",
        )


def _rows(
    plan: Plan, zeros: Mapping[str, Zeros], sparse: Any, notes: list[Note], data: bool
) -> list[OnceRow]:
    values = {kernel.name: values_of(kernel.variable) for kernel in kernels_of(sparse)}
    reasons = {note.subject: note.reason for note in notes}
    rows = []
    for row in plan.rows:
        array, each = values.get(row.kernel, np.ones(row.shape)), zeros.get(row.kernel)
        if each is None:
            rule, reason = None, row.reason if row.rule is None else _FROZEN
        else:
            rule, reason = None if row.rule is None else row.rule.describe(), "by magnitude"
            if not np.array_equal(array, each.by_magnitude()):
                reason = REFITTED
            elif data:
                layer = row.kernel.split("/")[-2]
                why = reasons.get(sparse.name) or reasons.get(layer, _NO_BETTER)
                reason = f"by magnitude: {why}"
        count = int((array == 0).sum())
        rows.append(
            OnceRow(
                kernel=row.kernel,
                shape=row.shape,
                weights=array.size,
                zeros=count,
                rule=rule,
                reason=reason,
            )
        )
    return rows
