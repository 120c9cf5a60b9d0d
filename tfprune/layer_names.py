"""Names of layers: as a user asks for them, and as the converter writes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable, Sequence
from fnmatch import fnmatchcase

from tfprune.errors import PruneError

_MOST = 8


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether a layer's name, or a name on its path, is one of some names or fits a glob.

    Example:
        >>> is_named("attention/query", ["attent*"]), is_named("attention/query", ["que"])
        (True, False)
    """
    parts = (name, *name.split("/"))
    return any(fnmatchcase(part, pattern) for pattern in patterns for part in parts)


def check_names(argument: str, patterns: Sequence[str], names: Iterable[str]) -> None:
    """Check that each name or glob fits a layer.

    Args:
        argument: What the list is called, `"keep_float"`.
        patterns: The names and globs.
        names: The layers' names.

    Raises:
        PruneError: one fits nothing; it lists the names nearest to it.
    """
    if isinstance(patterns, str):
        raise PruneError(
            f"{argument}={patterns!r}",
            "it is a single string",
            f"pass a list: {argument}=[{patterns!r}]",
        )
    present = set(names)
    for pattern in patterns:
        if not any(is_named(name, [pattern]) for name in present):
            raise PruneError(
                f"{argument}={pattern!r}",
                f"no layer has that name; the model has {near(pattern, present)}",
                "use one of these names, or a glob such as 'block_3_*'",
            )


def near(name: str, names: Iterable[str]) -> str:
    """Return the names most like one, else the first ones, as words."""
    present = sorted(set(names))
    close = difflib.get_close_matches(name, present, n=_MOST, cutoff=0.5) or present[:_MOST]
    more = len(present) - len(close)
    return ", ".join(close) + (f" and {more} more" if more else "")


def layers_in(tensor: str, layers: Container[str]) -> list[str]:
    """Return the layers that a tensor's name mentions, in the order of the name.

    The exporter adds a number to a layer's name, and the converter joins the names of fused ops
    with `;`.

    Example:
        >>> layers_in("functional_1/act_1/Relu;functional_1/stem_1/convolution", {"stem", "act"})
        ['act', 'stem']
    """
    found = [layer for path in layer_paths(tensor, layers) for layer in path]
    return list(dict.fromkeys(found))


def layer_paths(
    tensor: str, layers: Container[str], numbered: bool = True
) -> list[tuple[str, ...]]:
    """Return the path of layers, from the outermost in, in each part of a tensor's name.

    Args:
        tensor: The name; parts that mention no layer are left out.
        layers: The names of the layers.
        numbered: Whether every scope bears a number behind the layer's name, as Keras 3 writes
            it, so that `dense_1` is the first call of `dense`. Without, a name that is a layer's
            is that layer.

    Example:
        >>> layer_paths("model_1/attention_1/query_1/MatMul;x", {"attention", "query"})
        [('attention', 'query')]
    """
    paths = []
    for part in re.split("[;:]", tensor):
        named = (_layer(scope, layers, numbered) for scope in part.split("/"))
        paths.append(tuple(dict.fromkeys(layer for layer in named if layer is not None)))
    return [path for path in paths if path]


def _layer(scope: str, layers: Container[str], numbered: bool) -> str | None:
    bare = re.sub(r"_\d+$", "", scope)
    ordered = (bare, scope) if numbered else (scope, bare)
    return next((name for name in ordered if name in layers), None)
