"""Selectors, understood for one model: which things they mean, and which of them comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import keras

from tfprune.errors import PruneError, near
from tfprune.layer_names.model import Names
from tfprune.layer_names.places import BySelector, Path, Place, Selector, Selectors

_EXACT, _NAME, _GLOB, _CLASS, _FUNCTION = range(5)


@dataclass(frozen=True, order=True)
class Fit:
    """How a selector fits a thing; the least comes first.

    Args:
        tier: Exact path, name, glob, class or function: 0 to 4.
        distance: How many layers further in than what was named the thing stands; -1 for a
            variable that was named.
        order: Which of the selectors it is.
        selector: The selector.
    """

    tier: int
    distance: int
    order: int
    selector: Selector = field(compare=False)

    @property
    def names_it(self) -> bool:
        """Whether the selector is a name of the thing itself, not of what is around it."""
        return self.tier <= _NAME and self.distance <= 0


class Selection:
    """What the selectors of one argument mean in one model.

    Args:
        argument: What the argument is called, `"keep_float"`.
        given: One selector, several, or a mapping from selectors.
        names: The names in the model that the user knows.

    Raises:
        PruneError: one is no selector, or asks for layers where only names are known.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> names = Names(model)
        >>> [Selection("keep", s, names).means(names.of(model.layers[0])) for s in ("he*", "tail")]
        [True, False]
    """

    def __init__(
        self, argument: str, given: Selectors | BySelector[Any] | None, names: Names
    ) -> None:
        self._argument = argument
        self._mapping = isinstance(given, Mapping)
        self._names = names
        self._failures: dict[int, str] = {}
        self.selectors = _as_list(argument, given)
        if not names.known and any(not isinstance(one, str) for one in self.selectors):
            raise PruneError(
                f"{argument} with {', '.join(map(shown, self.selectors))}",
                "the layers are not known here, only their names",
                "use names or globs",
            )
        self._paths = [self._chosen_paths(i) for i in range(len(self.selectors))]

    def each(self) -> list[Selection]:
        """Return a selection for each of the selectors."""
        return [Selection(self._argument, [one], self._names) for one in self.selectors]

    def fits(self, places: Iterable[Place]) -> list[Fit]:
        """Return what fits best at each of the places of a thing where something fits."""
        return [min(fits) for place in places if (fits := self._all(place))]

    def best(self, places: Iterable[Place]) -> Fit | None:
        """Return what fits a thing best, None if nothing fits."""
        return min(self.fits(places), default=None)

    def means(self, places: Iterable[Place]) -> bool:
        """Whether a thing is meant."""
        return self.best(places) is not None

    def check(self, things: Iterable[Iterable[Place]], lacking: str) -> None:
        """Check that each selector fits one of some things.

        Args:
            things: The places of each.
            lacking: Why a layer may not be among them, `"it has no kernel"`.

        Raises:
            PruneError: one fits none; it lists the names nearest to it.
        """
        present = [place for places in things for place in places]
        fitting = {fit.order for place in present for fit in self._all(place)}
        for order, selector in enumerate(self.selectors):
            if order not in fitting:
                raise self._unfit(order, selector, present, lacking)

    def _all(self, place: Place) -> list[Fit]:
        fits = (self._fit(order, place) for order in range(len(self.selectors)))
        return [fit for fit in fits if fit is not None]

    def _fit(self, order: int, place: Place) -> Fit | None:
        selector = self.selectors[order]
        if isinstance(selector, str):
            if selector in place.names:
                tier = _EXACT if selector in place.exact else _NAME
                return Fit(tier, place.names[selector], order, selector)
            if any(fnmatchcase(name, selector) for name in place.names):
                return Fit(_GLOB, 0, order, selector)
        lengths = [n for n in range(len(place.path), 0, -1) if place.path[:n] in self._paths[order]]
        if not lengths:
            return None
        return Fit(_tier(selector), len(place.path) - lengths[0], order, selector)

    def _chosen_paths(self, order: int) -> set[Path]:
        """Return the paths of the layers that a class, its name, a function or a layer means."""
        selector = self.selectors[order]
        where = self._names.where
        if isinstance(selector, str):
            if any(fnmatchcase(name, selector) for p in self._names.places() for name in p.names):
                return set()  # a name of the model's own is no class
            return set(where(lambda layer: selector in _classes(layer)))
        if isinstance(selector, type):
            return set(where(lambda layer: isinstance(layer, selector)))
        if isinstance(selector, keras.layers.Layer):
            return {place.path for place in self._names.of(selector)}
        return set(where(lambda layer: self._holds(order, selector, layer)))

    def _holds(self, order: int, function: Callable[[Any], bool], layer: Any) -> bool:
        try:
            return bool(function(layer))
        except AttributeError as error:
            self._failures[order] = f": {error}"
            return False

    def _unfit(
        self, order: int, selector: Selector, present: Sequence[Place], lacking: str
    ) -> PruneError:
        asked = f"{self._argument}={shown(selector)}"
        if self._mapping:
            asked = f"{self._argument}={{{shown(selector)}: ...}}"
        wanted = selector if isinstance(selector, str) else shown(selector)
        nearest = near(wanted, map(str, present)) or "none"
        known = [place for place in self._names.places() if self._fit(order, place)]
        if known:
            found = f"{known[0]}: {lacking}; possible are {nearest}"
        elif isinstance(selector, str):
            found = f"no layer has that name; the model has {nearest}"
        else:
            failure = self._failures.get(order, "")
            found = f"it means no layer{failure}; the model has {nearest}"
        return PruneError(asked, found, "use one of these names, or a glob such as 'block_3_*'")


def shown(selector: Selector) -> str:
    """Return a selector as an error or a plan shows it.

    Example:
        >>> shown("head"), shown(keras.layers.Dense)
        ("'head'", 'Dense')
    """
    if isinstance(selector, str):
        return repr(selector)
    if isinstance(selector, keras.layers.Layer):
        return f"the layer {selector.name!r}"
    return getattr(selector, "__name__", repr(selector))


def _as_list(argument: str, given: Selectors | BySelector[Any] | None) -> tuple[Selector, ...]:
    selectors: tuple[Any, ...]
    if isinstance(given, Iterable) and not isinstance(given, (str, type)):
        selectors = tuple(given)
    else:
        selectors = () if given is None else (given,)
    for selector in selectors:
        if not isinstance(selector, (str, type)) and not callable(selector):
            raise PruneError(
                f"{argument}={given!r}",
                f"{selector!r} says no layers",
                "pass names, globs, classes of layers or functions of a layer, one or a list",
            )
    return selectors


def _tier(selector: Selector) -> int:
    if isinstance(selector, keras.layers.Layer):
        return _EXACT
    return _CLASS if isinstance(selector, (str, type)) else _FUNCTION


def _classes(layer: Any) -> set[str]:
    return {kind.__name__ for kind in type(layer).__mro__} - {"object"}
