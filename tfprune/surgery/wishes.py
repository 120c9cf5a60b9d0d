"""Which groups a user named, in `keep` or with a ratio of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfprune.allocate.candidate import check_ratio
from tfprune.channels import Group, Structure
from tfprune.errors import PruneError
from tfprune.layer_names import BySelector, Fit, Names, Place, Selection, Selectors, shown

NAMED = "named in keep"
Ratios = float | BySelector[float]
_NO_UNITS = "no weights produce or scale units; name the layer before it that has some"


def own_ratios(
    structure: Structure, model: Any, ratio: Ratios, keep: Selectors
) -> list[tuple[float | None, str]]:
    """Return for each group its own ratio, None for the common one, and the reason.

    Args:
        structure: The traced model.
        model: The user's, which may have been unfolded to be traced.
        ratio: For all, or by selectors.
        keep: Layers whose groups stay whole.

    Raises:
        PruneError: a ratio is out of range, a selector fits nothing, or layers that go together
            are given different ratios by their names.
    """
    known = Names(model)
    kept = Selection("keep", keep, known)
    if not isinstance(ratio, Mapping) and not kept.selectors:  # nobody asks for the places
        return [(None, "")] * len(structure.groups)
    traced = known if structure.model is model else Names(structure.model)
    things = [_places(group, traced) for group in structure.groups]
    kept.check(things, _NO_UNITS)
    by_name = isinstance(ratio, Mapping)
    shares = _ratios(ratio, things, known) if isinstance(ratio, Mapping) else [None] * len(things)
    return [
        (0.0, NAMED)
        if kept.means(places)
        else (0.0, "no ratio is given for it")
        if by_name and share is None
        else (share, "its own ratio is 0")
        for places, share in zip(things, shares, strict=True)
    ]


def _places(group: Group, names: Names) -> list[Place]:
    """Return where a group is produced or scaled; what only reads it, it does not belong to."""
    members = [m for m in group.members if m.role != "reads"] or list(group.members)
    found = [place for m in members for place in (Place.of_kernel(m.name), *names.of(m.layer))]
    return list(dict.fromkeys(found))


def _ratios(
    ratios: BySelector[float], things: Sequence[list[Place]], names: Names
) -> list[float | None]:
    for selector, ratio in ratios.items():
        check_ratio(f"the ratio of {shown(selector)}", ratio)
    selection = Selection("ratio", ratios, names)
    selection.check(things, _NO_UNITS)
    return [_ratio_of(selection.fits(places), ratios) for places in things]


def _ratio_of(fits: list[Fit], ratios: BySelector[float]) -> float | None:
    named = list(dict.fromkeys(fit.selector for fit in sorted(fits) if fit.names_it))
    if len({ratios[selector] for selector in named}) > 1:
        asked = ", ".join(f"{shown(selector)}: {ratios[selector]:g}" for selector in named)
        raise PruneError(
            f"ratio={{{asked}}}",
            f"the channels of {' and '.join(map(str, named))} go together",
            "give one of them a ratio, it holds for all",
        )
    best = min(fits, default=None)
    return None if best is None else ratios[best.selector]
