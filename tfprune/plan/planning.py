"""Turn wishes into a plan: walk the kernels once and decide each one's row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from tfprune.errors import PruneError
from tfprune.graph import check_built
from tfprune.keras_facts import Kernel, is_known, kernels_of, part_of_keras, sublayers
from tfprune.keras_internals import has_lora, layers_inside, layers_of
from tfprune.layer_names import BySelector, Names, shown
from tfprune.plan.allocating import as_allocation, share_out
from tfprune.plan.rules import Chosen, Plan, Row, Rule, Rules
from tfprune.schedules import PruningSchedule
from tfprune.wrapping import ClusterConstraint, Masking

DEPTHWISE = (
    "depthwise: few weights, and no mobile runtime skips their zeros; "
    "give it a rule of its own to prune it all the same"
)


@runtime_checkable
class AllowsPruning(Protocol):
    """What a pruning policy must offer; it needs not inherit from `PruningPolicy`."""

    def allow_pruning(self, layer: Any) -> bool:
        """Return whether kernels of this layer are pruned."""


@runtime_checkable
class JudgesModels(Protocol):
    """What a pruning policy may offer, too."""

    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Raise an error if pruning this model would not serve the purpose."""


def plan_pruning(
    model: Any,
    pruning_schedule: PruningSchedule | None = None,
    block_size: tuple[int, ...] = (1, 1),
    block_pooling_type: str = "AVG",
    pruning_policy: AllowsPruning | None = None,
    sparsity_m_by_n: tuple[int, int] | None = None,
    *,
    rules: BySelector[Rule | None] | None = None,
    score: Any = None,
    allocation: Any = None,
) -> Plan:
    """Say what `prune_low_magnitude` with the same arguments would do, kernel by kernel.

    Args:
        model: A built Keras model, not changed.
        pruning_schedule: When and how much; `ConstantSparsity(0.5, 0)` if None.
        block_size: Block length on the last axes of a kernel, (in, out).
        block_pooling_type: "AVG" or "MAX", how a block's score is made of its members'.
        pruning_policy: An object whose `allow_pruning(layer)` says which layers take part, asked
            about the layer that you see (an LSTM, not its cell); a layer with a rule of its own
            takes part in any case.
        sparsity_m_by_n: (zeros, of), instead of blocks.
        rules: Selector of layers or kernels (see `tfprune.layer_names`) → `Rule`, or None to leave
            alone.
        score: What each weight is worth: "magnitude" (None), "movement", "taylor" or "random", a
            function weights → scores, or an object; see `tfprune.scores`.
        allocation: How zeros are shared out over the kernels that go by the call's schedule:
            "uniform", "erdos_renyi" or "global", or a `tfprune.allocate.KernelAllocation`, which
            also knows totals of parameters, MACs or bytes. None: each kernel as its rule says.

    Returns:
        A `Plan` with a row for each kernel; the rows left alone name their reason.

    Raises:
        PruneError: the model is not built, a name matches nothing, or an argument is wrong.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> print(plan_pruning(model, block_size=(1, 2)))
        head/kernel (4, 2): prune to 0.5 in blocks of (1, 2) (default rule)
    """
    check_built(model, "plan the pruning of")
    default = Rule.from_arguments(
        pruning_schedule, block_size, block_pooling_type, sparsity_m_by_n, score
    )
    check_policy(pruning_policy)
    if isinstance(pruning_policy, JudgesModels):
        pruning_policy.ensure_model_supports_pruning(model)
    wanted = Rules(default, rules)
    kernels = kernels_of(model)
    wrappers = [layer for layer in layers_of(model) if isinstance(layer, Masking)]
    in_force = {key: rule for one in wrappers for key, rule in one.rules_in_force().items()}
    rows = [
        row_in_force(kernel, in_force[id(kernel.variable)])
        if id(kernel.variable) in in_force
        else row_for(kernel, chosen, pruning_policy)
        for kernel, chosen in zip(kernels, wanted.find(kernels, model), strict=True)
    ]
    shares = as_allocation(allocation)
    if shares is not None:
        rows = share_out(rows, kernels, model, default, shares)
    return Plan((*rows, *unknown_kernels(model)))


def check_policy(policy: Any) -> None:
    """Raise PruneError for a policy that cannot be asked about a layer."""
    if policy is not None and not isinstance(policy, AllowsPruning):
        raise PruneError(
            f"pruning_policy={policy!r}",
            "it has no method allow_pruning(layer)",
            "inherit from tfprune.plan.PruningPolicy; to name layers use rules=",
        )


def row_in_force(kernel: Kernel, rule: Rule) -> Row:
    """Return the row of a kernel that has a mask already."""
    reason = f"wrapped already: {rule.pruning_schedule} stays in force"
    return Row(
        kernel=kernel.name,
        shape=kernel.shape,
        rule=rule,
        reason=reason + _frozen(kernel),
        wrapped=True,
    )


def row_for(kernel: Kernel, chosen: Chosen, policy: AllowsPruning | None = None) -> Row:
    """Decide one kernel: its rule if every condition holds, else the first reason why not."""
    rule = chosen.rule
    selector = None if chosen.selector is None else shown(chosen.selector)
    reason = _why_not(kernel, rule, selector, policy)
    if reason is None:
        chosen_by = f"rule for {selector}" if selector else "default rule"
        return Row(
            kernel=kernel.name, shape=kernel.shape, rule=rule, reason=chosen_by + _frozen(kernel)
        )
    if selector is not None and rule is not None:
        raise PruneError(f"prune {kernel.name} to {rule.describe()}", reason, "change its rule")
    return Row(kernel=kernel.name, shape=kernel.shape, rule=None, reason=reason)


def _why_not(
    kernel: Kernel, rule: Rule | None, selector: str | None, policy: AllowsPruning | None
) -> str | None:
    if rule is None:
        return f"rules say so: {selector} is None"
    chosen_by_default = selector is None
    if has_lora(kernel.layer):
        return "LoRA is enabled on it: tfprune.training.merge_lora(model) first"
    if isinstance(kernel.variable.constraint, ClusterConstraint):
        return "its weights are clustered: prune first, then cluster with preserve_sparsity=True"
    seen = kernel.layer if kernel.shown is None else kernel.shown
    if chosen_by_default and policy is not None and not policy.allow_pruning(seen):
        return f"{type(policy).__name__} does not prune it"
    if chosen_by_default and set(kernel.in_axes) & set(kernel.out_axes):
        return DEPTHWISE
    return rule.pattern.misfit(kernel.canonical_shape)


def _frozen(kernel: Kernel) -> str:
    return "" if kernel.variable.trainable else "; frozen: it stays as it is until it trains"


def unknown_kernels(model: Any) -> Iterator[Row]:
    """Yield a row for each matrix that could be a kernel but whose layer does not say so."""
    names = Names(model)
    for layer in layers_inside(model):
        if is_known(layer) or part_of_keras(layer).startswith("normalization"):
            continue
        below = {id(v) for child in sublayers(layer) for v in child.trainable_variables}
        for variable in layer.trainable_variables:
            if id(variable) not in below and len(variable.shape) > 1:
                reason = (
                    f"{type(layer).__name__} does not say that it is prunable: "
                    "give the layer a method get_prunable_weights()"
                )
                name = f"{names.path_of(layer)}/{variable.name}"
                yield Row(kernel=name, shape=tuple(variable.shape), rule=None, reason=reason)
