"""plan_structured: which channels, neurons and heads go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfprune.allocate import Allocation, Candidate, Scope, allocate, allocate_to, check_ratio
from tfprune.channels import Group, KeptUnits, Structure, trace
from tfprune.criteria import Criterion, as_criterion
from tfprune.criteria.losses import give_loss
from tfprune.curves import LatencyTable, Sensitivity
from tfprune.errors import InfeasibleError
from tfprune.layer_names import Selectors
from tfprune.notes import Note
from tfprune.surgery.asking import TargetName, check_searched, check_target
from tfprune.surgery.costs import Costs
from tfprune.surgery.searched import UNMEASURED, measured_groups, scores_of, searched
from tfprune.surgery.structured_plan import GroupRow, Size, StructuredPlan
from tfprune.surgery.unwise import unwise
from tfprune.surgery.wishes import Ratios, own_ratios


def plan_structured(
    model: Any,
    ratio: Ratios = 0.5,
    criterion: Criterion | Callable[[Group], Any] | str | None = None,
    *,
    scope: Scope = "local",
    target: TargetName = "units",
    round_to: int = 1,
    min_width: int = 1,
    max_ratio: float | None = None,
    keep: Selectors = (),
    input_shape: Any = None,
    latency: LatencyTable | None = None,
    sensitivity: Sensitivity | None = None,
) -> StructuredPlan:
    """Say which channels, neurons and attention heads go, so that a smaller model remains.

    Units that can only be removed together (the two ends of a residual addition, a convolution,
    its BatchNorm and its readers) form a group; they are ranked and removed as one.

    Args:
        model: A Functional or built Sequential Keras model, not changed.
        ratio: Share removed of what `target` names, in [0, 1); or a dict of layers (see
            `tfprune.layer_names`) to the share of units removed there, `{"block_*": 0.5}`, all
            others stay.
        criterion: Which units matter: an object of `tfprune.criteria`, one of their names ("l1",
            "l2", "fpgm", ...), or a function of a group that returns one score per unit; None for
            "l2", or with `sensitivity` the one that it was measured with.
        scope: "local" removes the same share of every group, "global" the lowest-ranked units
            of the whole model, "isomorphic" the lowest-ranked among groups of one structure.
        target: "units": the share of units. "params" or "macs": units go until the parameters, or
            the multiply-accumulates of the kernels, have fallen by this share; "latency": the
            time that `latency` predicts.
        round_to: The width that stays is a multiple of it; 8 suits phones' int8 kernels.
        min_width: Fewest units that stay in each group.
        max_ratio: No group loses a larger share; None for 0.9, or `ratio` if that is more.
        keep: The layers whose output stays as it is; see `tfprune.layer_names`.
        input_shape: Shape of one sample, if the model leaves sizes open: MACs depend on it, so
            target="macs" needs it then.
        latency: What the model's ops take on a target, from `tfprune.latency_table`.
        sensitivity: What each group loses at each width, from `tfprune.sensitivity`. Widths are
            then those for which these losses add up to least; `scope` has nothing to say.

    Returns:
        A `StructuredPlan`: print it, then `apply()` it.

    Raises:
        PruneError: the model is subclassed or not built, an argument is wrong, a name matches
            nothing, nothing can be removed, or the target can't be reached or not be known.

    Example:
        >>> import keras
        >>> model = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8, name="hidden"),
        ...      keras.layers.Dense(2, name="head")]
        ... )
        >>> print(plan_structured(model, ratio=0.5))
        hidden with head: 8 → 4 (ratio 0.5)
        head: 2 → 2 (an output of the model)
        4 of 10 units go; parameters 58 → 30, MACs 48 → 24
    """
    check_target(target, ratio, latency)
    check_searched(ratio, criterion, scope, sensitivity)
    structure = trace(model)
    own = own_ratios(structure, model, ratio, keep)
    chosen = _prunable(structure, own)
    if sensitivity is not None:
        chosen, own = _measured(structure, chosen, own, sensitivity)
    costs = Costs(structure, input_shape, [group for group, _ in chosen], latency)
    costs.check(target)
    common = 0.0 if isinstance(ratio, Mapping) else ratio
    most = max(0.9, common) if max_ratio is None else max_ratio

    def kept_if(keeps: Sequence[np.ndarray]) -> KeptUnits:
        return structure.kept(_all_groups(structure, chosen, keeps))

    whole = costs.of(target, kept_if([np.ones(group.size, bool) for group, _ in chosen]))
    goal, limits = (1 - common) * whole, {"round_to": round_to, "min_width": min_width}
    if sensitivity is not None:
        keys = _keys(structure, chosen)
        scores = [scores_of(key, sensitivity) for key in keys]
        candidates = _candidates(chosen, scores, limits)
        check_ratio("ratio", common)
        shares = searched(keys, candidates, sensitivity, costs, target, goal, most, kept_if)
        return _plan(model, structure, costs, chosen, shares, kept_if, own, "")
    judge = as_criterion("l2" if criterion is None else criterion)
    scores = judge.scores(judged_model(structure, model), [group for group, _ in chosen])
    power = getattr(judge, "loss_power", None)
    if target != "units" and power is not None:
        pairs = zip(chosen, scores, strict=True)
        scores = [score**power / costs.of_a_unit(target, group) for (group, _), score in pairs]
    candidates, settings = _candidates(chosen, scores, limits), (scope, judge.comparable, most)
    if target == "units":
        shares = allocate(candidates, common, *settings)
    else:
        shares = allocate_to(
            candidates, lambda keeps: costs.of(target, kept_if(keeps)), goal, *settings
        )
    plan = _plan(model, structure, costs, chosen, shares, kept_if, own, judge.unjudged)
    wanted = max(ratio.values(), default=0) if isinstance(ratio, Mapping) else ratio
    return replace(plan, notes=(*plan.notes, *unwise(plan, wanted, round_to)))


def _keys(structure: Structure, chosen: Sequence[tuple[Group, Any]]) -> list[str]:
    known = dict(zip(map(id, structure.groups), structure.keys, strict=True))
    return [known[id(group)] for group, _ in chosen]


def _candidates(
    chosen: Sequence[tuple[Group, float | None]],
    scores: Sequence[Any],
    limits: Mapping[str, int],
) -> list[Candidate]:
    return [
        Candidate(name=group.name, scores=score, kind=_kind(group), ratio=share, **limits)
        for (group, share), score in zip(chosen, scores, strict=True)
    ]


def _measured(
    structure: Structure,
    chosen: Sequence[tuple[Group, float | None]],
    own: Sequence[tuple[float | None, str]],
    sensitivity: Sensitivity,
) -> tuple[list[tuple[Group, float | None]], list[tuple[float | None, str]]]:
    """Leave out the groups whose sensitivity is not known; they stay whole."""
    pairs = zip(_keys(structure, chosen), [group for group, _ in chosen], strict=True)
    known = {id(group) for group in measured_groups(list(pairs), sensitivity)}
    told = [
        (share, why) if id(group) in known or why else (0.0, UNMEASURED)
        for group, (share, why) in zip(structure.groups, own, strict=True)
    ]
    return [pair for pair in chosen if id(pair[0]) in known], told


def judged_model(structure: Structure, model: Any) -> Any:
    """Return the traced model, with the loss of the given one if it had to be unfolded."""
    if structure.model is not model:
        give_loss(structure.model, model)
    return structure.model


def _prunable(
    structure: Structure, own: Sequence[tuple[float | None, str]]
) -> list[tuple[Group, float | None]]:
    chosen = [
        (group, share)
        for group, (share, _) in zip(structure.groups, own, strict=True)
        if group.kept_whole is None and share != 0.0
    ]
    if not chosen:
        reasons = dict.fromkeys(
            f"{group.name}: {group.kept_whole or why}"
            for group, (_, why) in zip(structure.groups, own, strict=True)
        ) or dict.fromkeys(map(str, structure.notes))
        raise InfeasibleError(
            f"remove units of {structure.model.name!r}",
            f"all stay: {'; '.join(list(reasons)[:5]) or 'it has no kernels'}",
            "name fewer layers in keep, or give a custom layer a method channel_flow(call)",
        )
    return chosen


def _kind(group: Group) -> Hashable:
    """What groups of one structure share: the same layers play the same parts in them."""
    parts = Counter(
        (type(member.layer).__name__, member.name.rpartition("/")[2], member.role)
        for member in group.members
    )
    return frozenset(parts.items())


def _all_groups(
    structure: Structure, chosen: Sequence[tuple[Group, Any]], keeps: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return a keep array for every group: those that were not chosen stay whole."""
    found = {id(group): keep for (group, _), keep in zip(chosen, keeps, strict=True)}
    return [found.get(id(group), np.ones(group.size, bool)) for group in structure.groups]


def _plan(
    model: Any,
    structure: Structure,
    costs: Costs,
    chosen: Sequence[tuple[Group, Any]],
    shares: Sequence[Allocation],
    kept_if: Callable[[Sequence[np.ndarray]], KeptUnits],
    own: Sequence[tuple[float | None, str]],
    unjudged: str,
) -> StructuredPlan:
    kept = kept_if([share.keep for share in shares])
    whole = kept_if([np.ones(group.size, bool) for group, _ in chosen])
    by_group = {id(group): share for (group, _), share in zip(chosen, shares, strict=True)}
    rows = []
    for group, (_, why) in zip(structure.groups, own, strict=True):
        share = by_group.get(id(group))
        after = group.size if share is None else share.width
        reason = group.kept_whole or why if share is None else share.reason
        if reason == "no scores":
            reason = unjudged
        members = tuple(member.name for member in group.members)
        rows.append(
            GroupRow(
                group=group.name, members=members, before=group.size, after=after, reason=reason
            )
        )
    return StructuredPlan(
        rows=tuple(rows),
        size=Size(
            params=costs.params(whole),
            params_after=costs.params(kept),
            macs=costs.macs(whole),
            macs_after=costs.macs(kept),
            latency=costs.latency(whole),
            latency_after=costs.latency(kept),
            latency_unit=costs.latency_unit,
        ),
        notes=tuple(Note(n.subject, f"not followed, {n.reason}") for n in structure.notes),
        model=model,
        structure=structure,
        kept=kept,
    )
