"""Where something stands in a model, and the names by which that place can be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

_Value = TypeVar("_Value")
Path = tuple[str, ...]
Selector = str | type | Callable[[Any], bool]
"""See `tfprune.layer_names`."""
Selectors = Selector | Sequence[Selector]
BySelector = Mapping[Any, _Value]
"""A value for each selector; keys of a Mapping are invariant, of Selector dict[str, X] is none."""


@dataclass(frozen=True)
class Place:
    """Where a layer, an operation or a kernel stands.

    Args:
        path: The names of the layers from the outermost in, its own last; of a kernel those of
            its layer.
        variables: The variables by which it may be called: all of a layer, the one of a kernel.

    Example:
        >>> Place(("backbone", "f0"), ("kernel",)).names
        {'backbone/f0/kernel': -1, 'f0/kernel': -1, 'backbone/f0': 0, 'f0': 0, 'backbone': 1}
    """

    path: Path
    variables: tuple[str, ...] = ()

    @classmethod
    def of_kernel(cls, name: str) -> Place:
        """Return the place of a variable from its name, `"backbone/f0/kernel"`."""
        *path, variable = name.split("/")
        return cls(tuple(path), (variable,))

    @cached_property
    def names(self) -> dict[str, int]:
        """Each name it answers to → how many layers further in it stands; -1 for a variable."""
        size = len(self.path)
        runs = [
            ("/".join((*self.path[start:], variable)), -1)
            for variable in self.variables
            for start in range(max(size, 1))
        ]
        runs += [
            ("/".join(self.path[start:end]), size - end)
            for end in range(size, 0, -1)
            for start in range(end)
        ]
        found: dict[str, int] = {}
        for name, distance in runs:
            found.setdefault(name, distance)
        return found

    @property
    def exact(self) -> tuple[str, ...]:
        """Its whole path, and those of its variables."""
        whole = "/".join(self.path)
        return (whole, *("/".join((*self.path, variable)) for variable in self.variables))

    def __str__(self) -> str:
        return "/".join(self.path or self.variables)
