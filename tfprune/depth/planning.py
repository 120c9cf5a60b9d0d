"""prune_layers: remove whole residual blocks and layers, the least useful first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfprune.depth.blocks import RemovableBlock, find_blocks
from tfprune.depth.bypassing import Cuts
from tfprune.depth.choosing import (
    check_something_stays,
    choose,
    how_many,
    is_live,
    kept_by,
    named,
)
from tfprune.depth.layer_plan import LayerPlan, LayerRow
from tfprune.depth.scores import CRITERIA, BlockCriterion, score_blocks
from tfprune.depth.transformer_layers import WholeLayer, whole_layers
from tfprune.errors import PruneError
from tfprune.layer_names import Names, Selectors


def prune_layers(
    model: Any,
    layers: Selectors | None = None,
    *,
    n: int | None = None,
    ratio: float | None = None,
    criterion: BlockCriterion = "similarity",
    data: Any = None,
    loss: Any = None,
    keep: Selectors = (),
    halves: bool = False,
    repair_on: Any = None,
) -> Any:
    """Return a new, plain, shallower model: some blocks are gone, their input goes straight on.

    Candidates are residual blocks, where `x + f(x)` becomes `x`; transformer layers, attention and
    the feed-forward part behind it as one; and composite layers with one input and output shape,
    such as KerasHub's TransformerEncoder. They are scored once, on the whole model,
    and the lowest scores go (as in ShortGPT, Men et al. 2024, arXiv 2403.03853); scores are not
    computed again after each removal: prune and fine-tune in several steps for that.

    Args:
        model: A Functional or built Sequential model, not changed; nested models are looked into.
        layers: Blocks (by the name of their addition), or any layers whose output has the shape
            and dtype of their first input; see `tfprune.layer_names`. A nested model goes whole
            where its shapes agree, else its blocks do. Without `n` and `ratio` all of them go;
            with one, they are the candidates.
        n: How many blocks to remove. A block that lies inside another goes with it, uncounted.
        ratio: Share of the candidates to remove, rounded down; instead of `n`.
        criterion: "similarity" of a block's input and output, "loss" for the change of the loss
            without it, "taylor" for an estimate of that from one pass over the data, or a function
            (block, model) → score: the lowest go. See `tfprune.depth.scores.score_blocks`.
        data: What `fit` takes; for "similarity" inputs, for "loss" and "taylor" targets too.
        loss: For "loss" and "taylor", if the model is not compiled.
        keep: Blocks or layers that stay, with the blocks around them; see `tfprune.layer_names`.
        halves: Rank the attention and the feed-forward part of a transformer layer each by itself.
            A whole layer is called by the names of both, `"attend0+think0"`; a half that is named
            in `layers` goes alone.
        repair_on: Inputs for the repair of what is left, as in `LayerPlan.apply`.

    Returns:
        A model of plain Keras objects with the weights of the layers that remain; if `model` is
        compiled, with its settings and a new optimizer.
        Inputs that nothing reads any more stay inputs.

    Raises:
        PruneError: the model is subclassed or not built, a name matches nothing or something
            whose shapes disagree, fewer blocks can go than were asked for (at least one candidate
            stays, unless it is named), or data or a loss is missing.

    Example:
        >>> import keras
        >>> x = keras.Input((4,))
        >>> y = keras.layers.Add(name="add")([x, keras.layers.Dense(4, name="f")(x)])
        >>> model = keras.Model(x, keras.layers.Dense(2, name="head")(y))
        >>> [layer.name for layer in prune_layers(model, "add").layers[1:]]
        ['head']
    """
    plan = plan_layers(
        model,
        layers,
        n=n,
        ratio=ratio,
        criterion=criterion,
        data=data,
        loss=loss,
        keep=keep,
        halves=halves,
    )
    return plan.apply(repair_on)


def plan_layers(
    model: Any,
    layers: Selectors | None = None,
    *,
    n: int | None = None,
    ratio: float | None = None,
    criterion: BlockCriterion = "similarity",
    data: Any = None,
    loss: Any = None,
    keep: Selectors = (),
    halves: bool = False,
) -> LayerPlan:
    """Say what `prune_layers` with the same arguments would do, block by block.

    Without `layers`, `n` and `ratio` nothing goes: the plan lists the candidates, with their
    scores if there is data.

    Returns:
        A `LayerPlan`: print it, then `apply()` it.

    Raises:
        PruneError: as `prune_layers`.

    Example:
        >>> import keras
        >>> x = keras.Input((4,))
        >>> y = keras.layers.Add(name="add")([x, keras.layers.Dense(4, name="f")(x)])
        >>> print(plan_layers(keras.Model(x, keras.layers.Dense(2)(y), name="net"), "add"))
        add [f]: remove: named
        1 of 1 blocks of 'net' go
    """
    _check_criterion(criterion)
    parts = find_blocks(model)
    whole = [] if halves else whole_layers(model, parts)
    blocks = _joined(parts, whole)
    everything = [*parts, *(layer for layer, _ in whole)]
    if layers is None:
        wanted = [block for block in blocks if not block.reason]
    else:
        wanted = _joined(named(model, everything, layers), whole)
    blocks += [block for block in wanted if block not in blocks]
    everything += [block for block in wanted if block not in everything]
    kept = kept_by(model, everything, keep)
    candidates = [block for block in wanted if id(block) not in kept]
    if layers is not None and len(candidates) < len(wanted):
        clash = next(block.name for block in wanted if id(block) in kept)
        raise PruneError(f"layers={layers!r}, keep={keep!r}", f"both name {clash!r}", "drop one")
    count = how_many(n, ratio, len(candidates))
    scores: dict[int, float] = {}
    if candidates and (count is not None or data is not None or callable(criterion)):
        values = score_blocks(model, candidates, criterion, data, loss)
        scores = {id(b): score for b, score in zip(candidates, values, strict=True)}
    ranked = sorted(candidates, key=lambda block: scores.get(id(block), 0.0))
    if count is None:
        chosen = [] if layers is None else candidates
    else:
        chosen = choose(model, ranked, count, [block for block in blocks if not block.reason])
    cuts = {key: operand for block in chosen for key, operand in block.bypass.items()}
    check_something_stays(model, cuts)
    rows = _Rows(
        model=model,
        names=Names(model),
        ranked=ranked,
        scores=scores,
        kept=kept,
        chosen=chosen,
        cuts=cuts,
        count=count,
    )
    return LayerPlan(model, tuple(rows.row(block) for block in blocks), cuts)


def _joined(
    blocks: list[RemovableBlock], whole: list[tuple[WholeLayer, list[RemovableBlock]]]
) -> list[RemovableBlock]:
    """Return the blocks with each whole layer in the place of its last part, if all are there."""
    blocks = list(blocks)
    for layer, parts in whole:
        if all(part in blocks for part in parts):
            blocks[blocks.index(parts[-1])] = layer
            blocks = [block for block in blocks if block not in parts[:-1]]
    return blocks


@dataclass(frozen=True, kw_only=True)
class _Rows:
    model: Any
    names: Names
    ranked: list[RemovableBlock]  # the candidates
    scores: dict[int, float]
    kept: dict[int, str]
    chosen: list[RemovableBlock]
    cuts: Cuts
    count: int | None

    def row(self, block: RemovableBlock) -> LayerRow:
        remove, reason = self._decision(block)
        layers = tuple(map(self.names.path_of, block.layers))
        return LayerRow(
            name=block.name,
            layers=layers,
            score=self.scores.get(id(block)),
            remove=remove,
            reason=reason,
        )

    def _decision(self, block: RemovableBlock) -> tuple[bool, str]:
        if block in self.chosen:
            return True, "named" if self.count is None else self._rank(block)
        if self.chosen and not block.reason and not is_live(self.model, block, self.cuts):
            return True, "it lies inside a block that goes"
        if block.reason:
            return False, block.reason
        if id(block) in self.kept:
            return False, f"keep={self.kept[id(block)]}"
        if block not in self.ranked:
            return False, "not named in layers="
        return False, "can be removed" if self.count is None else self._rank(block)

    def _rank(self, block: RemovableBlock) -> str:
        return f"rank {self.ranked.index(block) + 1} of {len(self.ranked)}"


def _check_criterion(criterion: BlockCriterion) -> None:
    if not callable(criterion) and criterion not in CRITERIA:
        raise PruneError(
            f"criterion={criterion!r}",
            "depth pruning does not know it",
            f"one of {', '.join(map(repr, CRITERIA))}, or a function (block, model) -> score",
        )
