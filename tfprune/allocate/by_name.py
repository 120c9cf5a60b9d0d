"""Ratios by name: "conv1" or "block_*" → the candidates they are meant for."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Mapping, Sequence

from tfprune.allocate.candidate import check_ratio
from tfprune.errors import PruneError


def ratios_by_name(
    ratios: Mapping[str, float], names: Sequence[Sequence[str]]
) -> list[float | None]:
    """Find the ratio of each group of units: an exact name goes before a glob.

    Args:
        ratios: Name or glob → ratio in [0, 1). Of several globs that match, the first counts.
        names: For each group the names it answers to: its own and its layers'.

    Returns:
        One ratio per group, None where no name matches.

    Raises:
        PruneError: a ratio is out of range, a name matches nothing, or layers that go together are
            given different ratios by their exact names.

    Example:
        >>> ratios_by_name({"conv*": 0.5, "conv2": 0.0}, [["conv1"], ["conv2"], ["head"]])
        [0.5, 0.0, None]
    """
    for name, ratio in ratios.items():
        check_ratio(f"the ratio of {name!r}", ratio)
    _check_names(ratios, {name for group in names for name in group})
    return [_ratio_of(group, ratios) for group in names]


def _ratio_of(group: Sequence[str], ratios: Mapping[str, float]) -> float | None:
    exact = {name: ratios[name] for name in group if name in ratios}
    if len(set(exact.values())) > 1:
        asked = ", ".join(f"{name!r}: {ratio:g}" for name, ratio in exact.items())
        raise PruneError(
            f"ratios {{{asked}}}",
            f"the channels of {' and '.join(exact)} go together",
            "give one of them a ratio, it holds for all",
        )
    globs = (r for pattern, r in ratios.items() if fnmatch.filter(group, pattern))
    return next(iter(exact.values()), next(globs, None))


def _check_names(ratios: Mapping[str, float], known: set[str]) -> None:
    for pattern in ratios:
        if not any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in known):
            close = difflib.get_close_matches(pattern, sorted(known), n=3) or sorted(known)[:8]
            raise PruneError(
                f"a ratio for {pattern!r}",
                "no prunable layer of the model has that name",
                f"choose one of: {', '.join(close)}",
            )
