"""prune_low_magnitude: wrap a layer, a list of layers or a whole model."""

from __future__ import annotations

import logging
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph import Clones, check_rewired, replay
from tfprune.keras_facts import Kernel, kernels_of, may_have_kernels
from tfprune.keras_internals import layers_of
from tfprune.layer_names import BySelector
from tfprune.masks.arguments import LAYER, check_keywords, check_no_model, first_layer
from tfprune.masks.wrapper import PruneLowMagnitude
from tfprune.notes import Note
from tfprune.plan import Plan, PruningPolicy, Rule, plan_pruning
from tfprune.plan.planning import check_policy
from tfprune.schedules import PruningSchedule

log = logging.getLogger("tfprune")
_SUBCLASSED = "model.compile(optimizer=tfprune.PruningOptimizer('adam', pruning_schedule=...))"


def prune_low_magnitude(
    to_prune: Any,
    pruning_schedule: PruningSchedule | None = None,
    block_size: tuple[int, ...] = (1, 1),
    block_pooling_type: str = "AVG",
    pruning_policy: PruningPolicy | None = None,
    sparsity_m_by_n: tuple[int, int] | None = None,
    *,
    rules: BySelector[Rule | None] | None = None,
    score: Any = None,
    allocation: Any = None,
    **kwargs: Any,
) -> Any:
    """Make the weights of smallest magnitude, or lowest score, zero while the model trains.

    A model is rebuilt with copies of its weights, and each layer with kernels is wrapped in
    `PruneLowMagnitude`; the model you pass is not changed. A layer, or each layer of a list, is
    wrapped as it is. Compile the result and fit it with `tfprune.UpdatePruningStep()`.

    Args:
        to_prune: A built Functional or Sequential model, a layer, or a list of layers.
        pruning_schedule: When and how much; `ConstantSparsity(0.5, 0)` if None.
        block_size: Block length on the last axes of a kernel, (in, out): (1, 2) makes pairs of
            output channels live or die together.
        block_pooling_type: "AVG" or "MAX", how a block's score is made of its members'.
        pruning_policy: An object whose `allow_pruning(layer)` says which layers take part.
        sparsity_m_by_n: (zeros, of): so many zeros in every so many input channels.
        rules: Only for a model. Selector of layers or kernels (see `tfprune.layer_names`) →
            `Rule`, or None to leave alone.
        score: What each weight is worth: "magnitude" (None), "movement", "taylor" or "random", a
            function weights → scores, or an object; see `tfprune.scores`.
            "movement" and "taylor" look at gradients, which only an optimizer sees: compile with
            `tfprune.PruningOptimizer("adam")`, which leaves the masks to the layers.
        allocation: Only for a model. How zeros are shared out over kernels, "uniform",
            "erdos_renyi" or "global", up to a total or not; as in `tfprune.plan_pruning`.
        **kwargs: Only for a layer or a list: what Keras layers take, passed to each wrapper.

    Returns:
        The same kind of object as `to_prune`. A model is to be compiled again. A layer without
        kernels, or one that is wrapped already, comes back as it is; so it stays in a model, too.

    Raises:
        PruneError: the model is subclassed or not built, nothing in it can be pruned, a pattern
            does not fit, a name matches nothing, or an argument is out of range or unknown.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> pruned = prune_low_magnitude(model)
        >>> type(pruned.layers[0]).__name__, pruned.layers[0].name
        ('PruneLowMagnitude', 'head')
    """
    what = f"prune_low_magnitude({type(to_prune).__name__})"
    settings = (pruning_schedule, block_size, block_pooling_type, pruning_policy, sparsity_m_by_n)
    if isinstance(to_prune, keras.Model):
        check_keywords(what, kwargs, prune_low_magnitude)
        check_rewired(to_prune, _SUBCLASSED)
        plan = plan_pruning(to_prune, *settings, rules=rules, score=score, allocation=allocation)
        return _prune_model(to_prune, plan)
    check_no_model(what, rules, allocation)
    check_keywords(what, kwargs, prune_low_magnitude, LAYER, first_layer)
    rule = Rule.from_arguments(
        pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n, score
    )
    if isinstance(to_prune, (list, tuple)):
        return [
            prune_low_magnitude(layer, *settings, score=score)
            if isinstance(layer, keras.Model)
            else _prune_layer(layer, rule, pruning_policy, kwargs)
            for layer in to_prune
        ]
    if isinstance(to_prune, keras.layers.Layer):
        return _prune_layer(to_prune, rule, pruning_policy, kwargs)
    raise PruneError(
        what,
        "it is neither a Keras model, a layer, nor a list of layers",
        "pass a keras.Model; tf_keras models are pruned with tfmot itself",
    )


def _prune_layer(layer: Any, rule: Rule, policy: Any, kwargs: dict[str, Any]) -> Any:
    check_policy(policy)
    reason = None
    if isinstance(layer, PruneLowMagnitude):
        reason = f"wrapped already: {layer.pruning_schedule} stays in force"
    elif not may_have_kernels(layer):
        reason = f"{type(layer).__name__} has no kernel"
    elif policy is not None and not policy.allow_pruning(layer):
        reason = f"{type(policy).__name__} does not prune it"
    if reason is None:
        return PruneLowMagnitude(layer, rule=rule, **kwargs)
    log.log(_level(isinstance(layer, PruneLowMagnitude)), "%s", Note(layer.name, reason))
    return layer


def _level(surprising: bool) -> int:
    return logging.WARNING if surprising else logging.INFO


def _prune_model(model: Any, plan: Plan) -> Any:
    names = {id(kernel.variable): kernel for kernel in kernels_of(model)}
    clones = Clones(model)

    def change(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer) or _is_wrapped(layer):
            return clones.of(layer)
        rules = {local: plan.rule_of(names[key].name) for local, key in _local_names(layer).items()}
        copy = clones.of(layer)
        planned = [rule for rule in rules.values() if rule is not None]
        return PruneLowMagnitude(copy, rule=planned[0], rules=rules) if planned else copy

    pruned = replay(model, change)
    clones.copy_weights()
    _report(model, plan, clones)
    return pruned


def _is_wrapped(layer: Any) -> bool:
    """Whether it is a wrapper or holds one, as TimeDistributed(prune_low_magnitude(...)) does."""
    return any(isinstance(part, PruneLowMagnitude) for part in layers_of(layer))


def _local_names(layer: Any) -> dict[str, int]:
    def local(kernel: Kernel) -> str:
        return kernel.name.removeprefix(f"{layer.name}/")

    return {local(kernel): id(kernel.variable) for kernel in kernels_of(layer)}


def _report(model: Any, plan: Plan, clones: Clones) -> None:
    planned = [row for row in plan.rows if row.rule is not None]
    if not planned:
        raise PruneError(
            f"prune {model.name!r}",
            "no kernel would be pruned:\n  " + "\n  ".join(map(str, plan.rows)),
            "change the rules or the policy; tfprune.plan_pruning shows what they do",
        )
    for note in clones.notes:
        log.warning("%s", note)
    for row in plan.rows:
        log.log(_level(row.wrapped), "%s", row)
