"""Which of the blocks go: by name, or the lowest scores; never all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from tfprune.depth.blocks import RemovableBlock, single_layer
from tfprune.depth.bypassing import Cuts, live_everywhere
from tfprune.depth.transformer_layers import WholeLayer
from tfprune.errors import PruneError
from tfprune.graph import nets, nodes_in_order
from tfprune.layer_names import Names, Place, Selection, Selectors, shown


def named(model: Any, blocks: list[RemovableBlock], layers: Selectors) -> list[RemovableBlock]:
    """Return what the selectors mean: removable blocks, else single layers whose shapes agree.

    Of a nested model whose shapes do not agree these are the removable blocks in it.

    Raises:
        PruneError: a selector means nothing that can be removed.
    """
    names = Names(model)
    everything = [*(_place(block) for block in blocks), *names.places()]
    selection = Selection("layers", layers, names)
    selection.check([everything], "")
    found: dict[str, RemovableBlock] = {}
    for one in selection.each():
        meant = [b for b in blocks if not b.reason and _is_block(one, b)]
        if not meant:
            meant = _named_layers(model, blocks, one, names)
        found.update({block.name: found.get(block.name, block) for block in meant})
    return list(found.values())


def _named_layers(
    model: Any, blocks: list[RemovableBlock], one: Selection, names: Names
) -> list[RemovableBlock]:
    layers = {
        id(node.operation): node.operation
        for _, net in nets(model)
        for node in nodes_in_order(net)
        if isinstance(node.operation, keras.layers.Layer)
        and _is_itself(one, names.of(node.operation))
    }
    singles = [single_layer(model, layer) for layer in layers.values()]
    fitting = [block for block in singles if not block.reason]
    parts = [b for b in blocks if not isinstance(b, WholeLayer)]
    inside = [b for b in parts if not b.reason and one.means([_place(b)])]
    if fitting or inside:
        return fitting or inside
    misfits = [b for b in blocks if b.reason and one.means([_place(b)])] + singles
    found = f"{misfits[0].name!r} can't go: {misfits[0].reason}" if misfits else _NOT_CALLED
    removable = [block.name for block in blocks if not block.reason]
    raise PruneError(
        f"remove {shown(one.selectors[0])} from {model.name!r}",
        found,
        f"these can be removed: {', '.join(removable) or 'none'}, "
        "and any layer whose input and output have the same shape and dtype",
    )


_NOT_CALLED = "it lies inside a layer, which can only go as a whole"


def _place(block: RemovableBlock) -> Place:
    return Place(tuple(block.name.split("/")))


def _is_block(one: Selection, block: RemovableBlock) -> bool:
    """Whether a selector means a block; a whole layer only by its own name, for parts of it."""
    if isinstance(block, WholeLayer) and block.name not in one.selectors:
        return False
    return _is_itself(one, [_place(block)])


def _is_itself(one: Selection, places: Iterable[Place]) -> bool:
    """Whether a selector means a thing itself, not only as a part of what it means."""
    return any(fit.distance <= 0 for fit in one.fits(places))


def kept_by(model: Any, blocks: list[RemovableBlock], keep: Selectors) -> dict[int, str]:
    """Return {id(block): selector} of the blocks that would take along something to be kept.

    Raises:
        PruneError: a selector fits no layer and no block.
    """
    names = Names(model)
    everything = [*(_place(block) for block in blocks), *names.places()]
    selection = Selection("keep", keep, names)
    selection.check([everything], "")
    if not selection.selectors:
        return {}
    whole = _alive(model, {})
    lost = [whole - _alive(model, block.bypass) for block in blocks]
    kept: dict[int, str] = {}
    for one in selection.each():
        meant = {id(x) for p in names.places() if one.means([p]) for x in names.around(p)}
        meant |= {key for b in blocks if one.means([_place(b)]) for key in b.bypass}
        for block, goes in zip(blocks, lost, strict=True):
            if meant & goes:
                kept.setdefault(id(block), shown(one.selectors[0]))
    return kept


def _alive(model: Any, cuts: Cuts) -> set[int]:
    """Return the ids of the calls that are made under these cuts, and of what they call."""
    made = [node for node in live_everywhere(model, cuts) if id(node) not in cuts]
    return {id(part) for node in made for part in (node, node.operation)}


def choose(
    model: Any, ranked: list[RemovableBlock], count: int, blocks: list[RemovableBlock]
) -> list[RemovableBlock]:
    """Return the first `count` of the ranked blocks that can go while one of `blocks` stays.

    Raises:
        PruneError: fewer can go.
    """
    chosen: list[RemovableBlock] = []
    cuts: Cuts = {}
    for block in ranked:
        if len(chosen) == count:
            break
        without = {**cuts, **block.bypass}
        if is_live(model, block, cuts) and any(
            is_live(model, b, without) for b in blocks if b is not block and b not in chosen
        ):
            chosen.append(block)
            cuts = without
    if len(chosen) < count:
        raise PruneError(
            f"remove {count} of {len(ranked)} blocks of {model.name!r}",
            f"only {len(chosen)} can go: one stays",
            "ask for fewer, or name them all in layers=",
        )
    return chosen


def is_live(model: Any, block: RemovableBlock, cuts: Cuts) -> bool:
    """Whether the model still runs this block when the cuts are made."""
    return any(id(node) in block.bypass for node in live_everywhere(model, cuts))


def check_something_stays(model: Any, cuts: Cuts) -> None:
    """Raise unless some layer with weights is left.

    Raises:
        PruneError: none is.
    """
    left = (n.operation for n in live_everywhere(model, cuts) if id(n) not in cuts)
    if not any(getattr(operation, "weights", None) for operation in left):
        raise PruneError(
            f"remove {len(cuts)} blocks of {model.name!r}",
            "no layer with weights would be left",
            "name fewer layers",
        )


def how_many(n: int | None, ratio: float | None, candidates: int) -> int | None:
    """Return the number of blocks that `n` or `ratio` asks for; None if neither is given.

    Raises:
        PruneError: both are given, one is out of range, or the ratio comes to none.
    """
    if n is None and ratio is None:
        return None
    if n is not None and ratio is not None:
        raise PruneError(f"n={n}, ratio={ratio}", "both say how many blocks go", "pass one of them")
    if n is not None:
        if n < 1:
            raise PruneError(f"n={n}", "at least one block must go", "n=1")
        return n
    if not ratio or not 0 < ratio < 1:
        raise PruneError(f"ratio={ratio}", "ratio must be in (0, 1)", "ratio=0.25")
    count = int(ratio * candidates + 1e-9)
    if count < 1:
        raise PruneError(
            f"ratio={ratio}",
            f"that is less than one of {candidates} candidates",
            "n=1, or a greater ratio; print(tfprune.plan_layers(model)) lists the candidates",
        )
    return count
