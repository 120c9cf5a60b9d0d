"""Sizes of shapes, and the sizes that an einsum runs over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tfprune.keras_facts import Einsum

Shape = Sequence[int | None]


class Uncounted(Exception):
    """Something can't be counted; the text is the reason."""


class OpenSize(Uncounted):
    """A size stays open until data comes."""


def product(sizes: Iterable[int | None]) -> int:
    """Multiply sizes.

    Raises:
        OpenSize: one of them is None.
    """
    total = 1
    for size in sizes:
        if size is None:
            raise OpenSize("a size is open until data comes")
        total *= size
    return total


def spatial(shape: Shape, data_format: str) -> int:
    """Return the number of positions of a tensor: samples times spatial sizes, no channels.

    Example:
        >>> spatial((1, 4, 5, 16), "channels_last"), spatial((1, 16, 4, 5), "channels_first")
        (20, 20)
    """
    return product(shape[:-1] if data_format == "channels_last" else (shape[0], *shape[2:]))


def einsum_sizes(equation: str, shapes: Sequence[Shape]) -> dict[str, int | None]:
    """Return the size of each letter of an einsum equation; "..." is numbered from its end.

    Example:
        >>> einsum_sizes("...d,de->...e", [(1, 7, 3), (3, 2)])
        {'...2': 1, '...1': 7, 'd': 3, 'e': 2}
    """
    labels = Einsum.parse(equation, [len(shape) for shape in shapes]).operands
    sizes: dict[str, int | None] = {}
    for letters, shape in zip(labels, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            if sizes.get(letter, 1) == 1:  # a size of 1 is broadcast
                sizes[letter] = size
    return sizes


def einsum_shape(equation: str, shapes: Sequence[Shape]) -> tuple[int | None, ...]:
    """Return the shape of an einsum's result.

    Example:
        >>> einsum_shape("...d,de->...e", [(1, 7, 3), (3, 2)])
        (1, 7, 2)
    """
    sizes = einsum_sizes(equation, shapes)
    output = Einsum.parse(equation, [len(shape) for shape in shapes]).output
    return tuple(sizes[letter] for letter in output)


def einsum_macs(equation: str, shapes: Sequence[Shape]) -> int:
    """Return the multiply-accumulates of an einsum: the product of the sizes of all letters.

    One operand, or two that are multiplied without summing, take none.

    Raises:
        Uncounted: more than two operands; their order is the backend's choice.

    Example:
        >>> einsum_macs("bij,bjk->bik", [(1, 2, 3), (1, 3, 5)]), einsum_macs("bi->b", [(1, 4)])
        (30, 0)
    """
    sizes = einsum_sizes(equation, shapes)
    read = Einsum.parse(equation, [len(shape) for shape in shapes])
    if len(shapes) > 2:
        raise Uncounted(f"the einsum {equation!r} has more than two operands")
    summed = set.intersection(*map(set, read.operands)) - set(read.output)
    return product(sizes.values()) if len(shapes) == 2 and summed else 0


def contracted_macs(first: Shape, second: Shape, output: Shape) -> int:
    """Return the multiply-accumulates of a product that sums over some axes of two tensors.

    Without an axis that both keep, `size(first) * size(second) = size(output) * summed ** 2`.

    Example:
        >>> contracted_macs((2, 3), (3, 5), (2, 5))
        30
    """
    out = product(output)
    return out * math.isqrt(product(first) * product(second) // out) if out else 0
