"""Which of the blocks go: by name, or the lowest scores; never all of them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from tfprune.errors import PruneError
from tfprune.surgery.depth_candidates import Block, single_layer
from tfprune.surgery.depth_graph import Cuts, all_layers, live_everywhere

Patterns = str | Sequence[str]


def matches(pattern: str, name: str) -> bool:
    """Whether a name or glob means this path, or its last part."""
    return fnmatchcase(name, pattern) or fnmatchcase(name.rsplit("/")[-1], pattern)


def as_list(patterns: Patterns) -> list[str]:
    """Return one or several patterns as a list."""
    return [patterns] if isinstance(patterns, str) else list(patterns)


def named(model: Any, blocks: list[Block], patterns: Patterns) -> list[Block]:
    """Return what the patterns name: removable blocks, else single layers whose shapes agree.

    Raises:
        PruneError: a pattern names nothing that can be removed.
    """
    found: dict[str, Block] = {}
    for pattern in as_list(patterns):
        meant = [b for b in blocks if not b.reason and matches(pattern, b.name)]
        if not meant:
            meant = _named_layers(model, blocks, pattern)
        found.update({block.name: found.get(block.name, block) for block in meant})
    return list(found.values())


def _named_layers(model: Any, blocks: list[Block], pattern: str) -> list[Block]:
    layers = {id(x): x for name, x in all_layers(model).items() if matches(pattern, name)}
    singles = [single_layer(model, layer) for layer in layers.values()]
    fitting = [block for block in singles if not block.reason]
    if fitting:
        return fitting
    misfits = [b for b in (*blocks, *singles) if matches(pattern, b.name) and b.reason]
    found = f"{misfits[0].name!r} can't go: {misfits[0].reason}" if misfits else "no such layer"
    removable = [block.name for block in blocks if not block.reason]
    raise PruneError(
        f"remove {pattern!r} from {model.name!r}",
        found,
        f"these can be removed: {', '.join(removable) or 'none'}, "
        "and any layer whose input and output have the same shape and dtype",
    )


def kept_by(model: Any, blocks: list[Block], keep: Patterns) -> dict[int, str]:
    """Return {id(block): pattern} of the blocks that would take along something to be kept.

    Raises:
        PruneError: a pattern matches no layer and no block.
    """
    layers = all_layers(model)
    kept: dict[int, str] = {}
    for pattern in as_list(keep):
        meant = {id(layer) for name, layer in layers.items() if matches(pattern, name)}
        named_blocks = [b for b in blocks if matches(pattern, b.name)]
        meant |= {key for block in named_blocks for key in block.bypass}
        if not meant and not named_blocks:
            raise PruneError(
                f"keep={pattern!r}",
                f"no layer of {model.name!r} has that name",
                f"blocks are called {', '.join(b.name for b in blocks) or '(there are none)'}",
            )
        for block in blocks:
            if meant & (_alive(model, {}) - _alive(model, block.bypass)):
                kept.setdefault(id(block), pattern)
    return kept


def _alive(model: Any, cuts: Cuts) -> set[int]:
    """Return the ids of the calls that are made under these cuts, and of what they call."""
    made = [node for node in live_everywhere(model, cuts) if id(node) not in cuts]
    return {id(part) for node in made for part in (node, node.operation)}


def choose(model: Any, ranked: list[Block], count: int, blocks: list[Block]) -> list[Block]:
    """Return the first `count` of the ranked blocks that can go while one of `blocks` stays.

    Raises:
        PruneError: fewer can go.
    """
    chosen: list[Block] = []
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


def is_live(model: Any, block: Block, cuts: Cuts) -> bool:
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
