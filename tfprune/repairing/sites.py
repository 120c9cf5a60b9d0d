"""Sites: kernels of the smaller network beside the original's, and what goes into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.graph import values_of
from tfprune.keras_facts import kernels_of, sublayers
from tfprune.keras_internals import layers_of
from tfprune.notes import Note
from tfprune.repairing.form import Form
from tfprune.repairing.forms import forms_of
from tfprune.repairing.walking import Pair


class Site:
    """One kernel to be refitted.

    Args:
        old: The form of the original's kernel.
        form: That of the smaller network's.
        pair: The networks.
    """

    def __init__(self, old: Form, form: Form, pair: Pair) -> None:
        self._old, self.form = old, form
        self.zeros = pair.zeros.get(id(old.variable))
        self.old, self.new = old.layer, form.layer
        self._kernel = values_of(old.variable)
        self._kept = self._outputs_kept(pair.cuts.get(id(old.variable), ()))

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.new.name)

    def features(self, x: Any) -> Any:
        """Return what the smaller network's kernel sums up: (samples, places, groups, features)."""
        return self.form.features(x)

    def targets(self, x: Any) -> Any:
        """Return what the original's kernel makes, outputs that stay alone, in the same shape."""
        y = np.asarray(self._old.outputs(x, self._kernel))
        return y.reshape(*y.shape[:2], -1)[..., self._kept]

    def weights(self) -> NDArray[np.float64]:
        """Return the weights to be near to, (groups, features, outputs)."""
        variable = self.form.variable if self.zeros is None else self._old.variable
        return self.form.matrix(values_of(variable).astype(np.float64))

    def assign(self, weights: NDArray[np.float64]) -> None:
        """Give the smaller network's kernel other weights."""
        self.form.variable.assign(self.form.kernel(weights))

    def _outputs_kept(self, cuts: Sequence[tuple[int, NDArray[Any]]]) -> NDArray[np.int64]:
        """Return the number of the original's output for each (group, output) that stays."""
        groups, features, outputs = self._old.matrix(self._kernel).shape
        numbers = np.arange(groups * outputs).reshape(groups, 1, outputs)
        array = self._old.kernel(np.broadcast_to(numbers, (groups, features, outputs)))
        for axis, positions in cuts:
            array = np.take(array, positions, axis)
        return self.form.matrix(array)[:, 0]


def sites_of(old: Any, new: Any, pair: Pair) -> tuple[list[Site], list[Note]]:
    """Return the kernels of a layer, and of layers inside it, that can be refitted; and notes.

    Args:
        old: The original's layer or operation.
        new: The smaller network's.
        pair: The networks.
    """
    if new is old or {id(v) for v in old.variables} & {id(v) for v in new.variables}:
        return [], [Note(old.name, "not repaired: it is shared with the original model")]
    before, now = ([f for x in layers_of(side) for f in forms_of(x)] for side in (old, new))
    if [type(form) for form in before] != [type(form) for form in now]:
        return [], [Note(old.name, "not repaired: the layers inside it could not be matched")]
    sites = [Site(a, b, pair) for a, b in zip(before, now, strict=True)]
    fitted = {id(form.variable) for form in before}
    notes = [
        Note(layer.name, f"not repaired: how {type(layer).__name__} uses {name} is not known here")
        for layer in layers_of(old)
        for name in _others(layer, fitted, pair.reads)
    ]
    return sites, notes


def _others(layer: Any, fitted: AbstractSet[int], reads: AbstractSet[int]) -> list[str]:
    """Return the names of a layer's own variables that are kernels and are not refitted."""
    inside = {id(variable) for part in sublayers(layer) for variable in part.variables}
    known = {id(k.variable) for k in kernels_of(layer) if "embeddings" not in k.name}
    return [
        variable.name
        for variable in layer.variables
        if id(variable) in known | reads and id(variable) not in fitted | inside
    ]


@contextmanager
def heard(layers: Sequence[Any]) -> Iterator[dict[int, list[Any]]]:
    """Collect the first argument of each call of these layers inside the block.

    A layer is told to call a function of ours for a while, and is as before afterwards.
    """
    layers = list({id(layer): layer for layer in layers}.values())
    found: dict[int, list[Any]] = {id(layer): [] for layer in layers}
    before = {id(layer): vars(layer).get("call") for layer in layers}
    try:
        for layer in layers:
            vars(layer)["call"] = _listening(layer.call, found[id(layer)])
        yield found
    finally:
        for layer in layers:
            own = before[id(layer)]
            if own is None:
                vars(layer).pop("call", None)
            else:
                vars(layer)["call"] = own


def _listening(call: Callable[..., Any], found: list[Any]) -> Callable[..., Any]:
    def listening(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(inputs)
        return call(inputs, *args, **kwargs)

    return listening
