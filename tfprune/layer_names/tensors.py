"""Names of layers as the converter writes them into the names of tensors."""

from __future__ import annotations

import re
from collections.abc import Container


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
