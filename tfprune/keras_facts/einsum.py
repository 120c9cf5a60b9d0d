"""Einsum equations: which axes meet, which are summed over, which are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Einsum:
    """An einsum equation with a label for each axis.

    Args:
        operands: The labels of each operand's axes, in order.
        output: The labels of the result's axes.
    """

    operands: tuple[Labels, ...]
    output: Labels

    @classmethod
    def parse(cls, equation: str, ranks: Sequence[int] = ()) -> Einsum:
        """Read an equation as NumPy does; without an arrow the result has what stands once.

        Args:
            equation: `"...d,de->...e"`, with or without spaces.
            ranks: Of the operands. The axes behind `...` are labelled `"...2"`, `"...1"`, counted
                from the last, so that equal labels meet; of an operand without a rank the whole
                ellipsis is the one label `"..."`.

        Example:
            >>> Einsum.parse("...d,de->...e", [3, 2])
            Einsum(operands=(('...2', '...1', 'd'), ('d', 'e')), output=('...2', '...1', 'e'))
            >>> Einsum.parse("ij,jk").output
            ('i', 'k')
        """
        inputs, arrow, output = equation.replace(" ", "").partition("->")
        terms = inputs.split(",")
        operands = tuple(_labels(term, rank) for term, rank in zip_longest(terms, ranks))
        dotted = [tuple(x for x in labels if x.startswith("...")) for labels in operands]
        hidden = max(dotted, key=len)
        if not arrow:
            letters = "".join(terms).replace(".", "")
            output = "..." + "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
        before, dots, after = output.partition("...")
        return cls(operands, (*before, *(hidden if dots else ()), *after))


def _labels(term: str, rank: int | None) -> Labels:
    before, dots, after = term.partition("...")
    if not dots:
        return tuple(term)
    if rank is None:
        return (*before, dots, *after)
    hidden = rank - len(before) - len(after)
    return (*before, *(f"...{i}" for i in range(hidden, 0, -1)), *after)
