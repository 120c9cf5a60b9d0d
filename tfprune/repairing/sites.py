"""Sites: kernels of the smaller network beside the original's, and what goes into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.graph import values_of
from tfprune.keras_facts import is_known
from tfprune.keras_internals import layers_of
from tfprune.notes import Note
from tfprune.repairing.forms import Form, form_of

Cuts = Mapping[int, Sequence[tuple[int, NDArray[Any]]]]


class Site:
    """One kernel to be refitted.

    Args:
        old: The original's layer.
        new: The smaller network's.
        cuts: id of an original's variable → (axis, positions that stay).
    """

    def __init__(self, old: Any, new: Any, cuts: Cuts) -> None:
        self.old, self.new = old, new
        self._from, self.form = _form(old), _form(new)
        self._kernel = values_of(old.kernel)
        self._kept = self._outputs_kept(cuts.get(id(old.kernel), ()))

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.new.name)

    def features(self, x: Any) -> Any:
        """Return what the smaller network's kernel sums up: (samples, places, groups, features)."""
        return self.form.features(x)

    def targets(self, x: Any) -> Any:
        """Return what the original's kernel makes, outputs that stay alone, in the same shape."""
        y = np.asarray(self._from.outputs(x, self._kernel))
        return y.reshape(*y.shape[:2], -1)[..., self._kept]

    def weights(self) -> NDArray[np.float64]:
        """Return the weights that are there, (groups, features, outputs)."""
        return self.form.matrix(values_of(self.new.kernel).astype(np.float64))

    def _outputs_kept(self, cuts: Sequence[tuple[int, NDArray[Any]]]) -> NDArray[np.int64]:
        """Return the number of the original's output for each (group, output) that stays."""
        groups, features, outputs = self._from.matrix(self._kernel).shape
        numbers = np.arange(groups * outputs).reshape(groups, 1, outputs)
        array = self._from.kernel(np.broadcast_to(numbers, (groups, features, outputs)))
        for axis, positions in cuts:
            array = np.take(array, positions, axis)
        return self.form.matrix(array)[:, 0]


def _form(layer: Any) -> Form:
    form = form_of(layer)
    if form is None:
        raise TypeError(f"{layer.name} has no form")
    return form


def sites_of(old: Any, new: Any, cuts: Cuts) -> tuple[list[Site], list[Note]]:
    """Return the kernels of a layer, and of layers inside it, that can be refitted; and notes.

    Args:
        old: The original's layer or operation.
        new: The smaller network's.
        cuts: id of an original's variable → (axis, positions that stay).
    """
    if not getattr(old, "weights", None):
        return [], []
    if new is old or {id(v) for v in old.variables} & {id(v) for v in new.variables}:
        return [], [Note(old.name, "not repaired: it is shared with the original model")]
    pairs = list(zip(*(list(filter(_has_kernel, layers_of(x))) for x in (old, new)), strict=False))
    counts = {sum(map(_has_kernel, layers_of(x))) for x in (old, new)}
    if len(counts) > 1:
        return [], [Note(old.name, "not repaired: the layers inside it could not be matched")]
    sites, notes = [], []
    for a, b in pairs:
        if form_of(a) is None or form_of(b) is None:
            reason = f"not repaired: how {type(a).__name__} uses its kernels is not known here"
            notes.append(Note(a.name, reason))
        else:
            sites.append(Site(a, b, cuts))
    return sites, notes


def _has_kernel(layer: Any) -> bool:
    return is_known(layer) and bool(layer.weights) and not hasattr(layer, "embeddings")


@contextmanager
def heard(layers: Sequence[Any]) -> Iterator[dict[int, list[Any]]]:
    """Collect the first argument of each call of these layers inside the block.

    A layer is told to call a function of ours for a while, and is as before afterwards.
    """
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
