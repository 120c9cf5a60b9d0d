"""One kernel: which rows it is fitted on, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.keras_internals import mask_of
from tfprune.notes import Note
from tfprune.repairing.equations import RegressionSums, solve
from tfprune.repairing.samples import Samples, held
from tfprune.repairing.sites import Site
from tfprune.repairing.zeros import solve_with_zeros

Heard = Sequence[tuple[int, Any]]
"""What a layer is called with: the number of the batch, and the tensor."""
Move = Callable[[NDArray[Any]], None] | None
"""Adds an offset (groups, outputs) to what a kernel makes; None where nothing can."""

_PLACES = 24_000
"""Rows of features that a kernel is fitted on where there are more; more cost time alone."""
_SAMPLES = 64
"""They come from at least so many samples."""


def fit(
    site: Site,
    before: Heard,
    now: Heard,
    samples: Samples,
    move: Move,
    missing: Sequence[NDArray[Any]] | None = None,
) -> list[Note]:
    """Refit a kernel, in place, if held-out samples confirm it.

    Args:
        site: The kernel.
        before: What the original layer is called with.
        now: What the smaller network's is called with, in the same order.
        samples: The samples that the batches are made of.
        move: Adds an offset to what the kernel makes.
        missing: What the kernel should make beside what the original's makes, for each batch,
            (samples, places, outputs).

    Returns:
        Why it was not repaired, or what is to be known of it.
    """
    heard = [x for each in (before, now) for _, x in each]
    eager = all(isinstance(x, tf.Tensor) and not tf.is_symbolic_tensor(x) for x in heard)
    if len(before) != len(now) or not before or not eager:
        return [_unrepaired(site, "its calls inside the layer could not be followed")]
    prior = site.weights()
    sums = RegressionSums(*prior.shape), RegressionSums(*prior.shape)
    rows = _Rows(samples.count)
    for (batch, x), (_, z) in zip(before, now, strict=True):
        each, rest = divmod(x.shape[0], len(samples.numbers[batch]))
        if rest:
            return [_unrepaired(site, "its inputs are not in the order of the samples")]
        numbers = np.repeat(samples.numbers[batch], each)
        stay = rows.samples(numbers, each * site.targets(x[:1]).shape[1])
        if not stay.any():
            continue
        features = np.asarray(site.features(z[stay]))
        targets, numbers = site.targets(x[stay]), numbers[stay]
        if missing is not None:
            targets = targets + missing[batch][stay].reshape(targets.shape)
        places = rows.places(each * features.shape[1])
        real = _real(x, features.shape[:2], stay)[:, places]
        for part, chosen in zip(sums, (~held(numbers), held(numbers)), strict=True):
            rows_used = real & chosen[:, None]
            part.add(*(a[:, places][rows_used] for a in (features, targets)))
    if not all(map(RegressionSums.finite, sums)):
        return [_unrepaired(site, "its inputs or outputs are not finite")]
    return _assign(site, *sums, prior, move)


def _assign(
    site: Site,
    fitted: RegressionSums,
    judge: RegressionSums,
    prior: NDArray[np.float64],
    move: Move,
) -> list[Note]:
    offsets = move is not None
    if site.zeros is None:
        solution = solve(fitted, judge, prior, offsets)
    else:
        solution = solve_with_zeros(fitted, judge, prior, offsets, site.zeros, site.form)
    if solution.after < solution.before:
        site.assign(solution.weights)
        if move is not None:
            move(solution.offset)
    if fitted.count >= prior.shape[1]:
        return []
    found = f"{prior.shape[1]} weights of each output were fitted on {fitted.count} places"
    return [Note(site.name, f"ill-conditioned: {found}; pass more samples")]


def _unrepaired(site: Site, reason: str) -> Note:
    return Note(site.name, f"not repaired: {reason}")


class _Rows:
    """Which samples and places of a large map are looked at, always the same."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._every: int | None = None
        self._used = count

    def samples(self, numbers: NDArray[np.int64], places: int) -> NDArray[np.bool_]:
        """Return which rows of a batch to use: whole blocks of five, so that some are held out."""
        if self._every is None:
            self._every = max(1, self._count // max(_SAMPLES, _PLACES // places))
            self._used = -(-self._count // self._every)
        return numbers // 5 % self._every == 0

    def places(self, count: int) -> slice:
        """Return which places of each sample to use."""
        return slice(None, None, max(1, self._used * count // _PLACES))


def _real(x: Any, shape: tuple[int, ...], stay: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which places hold something: those that a Keras mask covers are padding."""
    mask = mask_of(x)
    if mask is None or tuple(mask.shape) != (len(stay), shape[1]):
        return np.ones(shape, bool)
    return np.asarray(mask)[stay]
