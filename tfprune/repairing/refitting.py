"""refit: go through both networks step by step and refit each kernel where its inputs changed."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.notes import Note
from tfprune.progress import track
from tfprune.repairing.anchoring import anchor
from tfprune.repairing.fitting import Heard, Move, fit
from tfprune.repairing.samples import Samples
from tfprune.repairing.sites import Site, heard, sites_of
from tfprune.repairing.streams import missing_behind, norm_behind
from tfprune.repairing.walking import Pair, Step, Values, Way, way_through


def refit(pair: Pair, samples: Samples) -> tuple[list[Note], set[int]]:
    """Refit, in place, the kernels of the smaller network to what the original's make.

    The two networks are run side by side, call by call, on the same samples. Where a call's input
    is not the original's any more, each kernel is fitted by ridge regression, from its inputs in
    the network repaired so far, to what the original layer makes of its own; what is left of the
    mean goes into the bias, or into the mean of the BatchNormalization behind, which is anchored
    then (`anchoring`), so that training starts where repair ended. Each call is made
    once for each network, so the cost grows linearly with depth; tensors are freed when their last
    reader is done. A layer called several times is fitted for all its calls together: for that the
    calls up to its last are made once more, with the weights that are there.

    That is layer-wise reconstruction (He et al. 2017, "Channel Pruning for Accelerating Very Deep
    Neural Networks", arXiv 1707.06168, section 3) on the inputs that the pruned network will see.

    Args:
        pair: The two networks; the smaller one is changed.
        samples: What they are run on.

    Returns:
        A note for each layer whose kernels see other inputs and are not refitted; and the ids of
        the smaller network's BatchNormalizations whose statistics are those of their inputs.
    """
    refitting = Refitting(pair, samples)
    return refitting.run(), refitting.settled


class Side:
    """The tensors of both networks that are alive, for each batch."""

    def __init__(self, old: list[Values], new: list[Values], changed: set[int]) -> None:
        self.old, self.new = old, new
        self.changed = changed  # tensors that are not the original's any more

    def copy(self) -> Side:
        """Return the same tensors, to go on from here without the others knowing."""
        return Side([*map(dict, self.old)], [*map(dict, self.new)], set(self.changed))

    def sees_change(self, step: Step) -> bool:
        """Whether a call reads what is not the original's."""
        return bool(self.changed & set(step.inputs.values()))

    def free(self, numbers: Sequence[int]) -> None:
        """Forget tensors."""
        for values in (*self.old, *self.new):
            for number in numbers:
                values.pop(number, None)


class Refitting:
    """A walk through both networks, in which kernels of the smaller one are refitted.

    Args:
        pair: The two networks; the smaller one is changed.
        samples: What they are run on.
        way: The original's steps, if they are known.
        now: The tensors to begin with, in the middle of the way; by default the model's inputs.
    """

    def __init__(
        self, pair: Pair, samples: Samples, way: Way | None = None, now: Side | None = None
    ) -> None:
        self._pair, self._samples = pair, samples
        self._way = way or way_through(pair.model)
        if now is None:
            start = [dict(zip(self._way.inputs, batch, strict=True)) for batch in samples.tensors()]
            now = Side(start, [*map(dict, start)], set())
        self._now = now
        self._notes: dict[Note, None] = {}
        self.settled: set[int] = set()

    def readers(self, first: int, reads: AbstractSet[int]) -> list[Note]:
        """Refit the kernels of some layers alone, and go no further than the last of them.

        Args:
            first: The step at which the networks part.
            reads: ids of the original's operations that are refitted.
        """
        steps = self._way.steps
        last = max((at for at, s in enumerate(steps) if id(s.operation) in reads), default=-1)
        done: set[int] = set()
        for at in range(first, last + 1):
            operation = steps[at].operation
            if id(operation) in reads and id(operation) not in done:
                done.add(id(operation))
                self._repair(at, [step for step in steps if step.operation is operation])
            self._advance(steps[at], self._now)
            self._now.free(self._way.done_after(at))
        return list(self._notes)

    def run(self) -> list[Note]:
        """Go all the way; return a note for each layer that is not refitted."""
        done: set[int] = set()
        for at, step in enumerate(track(self._way.steps, "repair", len(self._way.steps))):
            calls = [
                s for s in self._way.steps if s.operation is step.operation and self._pair.runs(s)
            ]
            known = id(step.operation) in done or not self._pair.runs(step)
            if not known and getattr(step.operation, "weights", None):
                done.add(id(step.operation))
                if len(calls) > 1 or self._now.sees_change(step) or self._pair.loses(step):
                    self._repair(at, calls)
                if len(calls) == 1:
                    self._anchor(step)
            self._advance(step, self._now)
            self._now.free(self._way.done_after(at))
        return list(self._notes)

    def _advance(self, step: Step, side: Side) -> None:
        """Make a call in both networks; once, where they are the same so far."""
        differs = side.sees_change(step) or self._pair.loses(step)
        for old, new in zip(side.old, side.new, strict=True):
            made = self._pair.call_original(step, old)
            old.update(zip(step.outputs, made, strict=True))
            made = self._pair.call_small(step, new) if differs else made
            new.update(zip(step.outputs, made, strict=True))
        if differs:
            side.changed.update(step.outputs)

    def _repair(self, at: int, calls: list[Step]) -> None:
        """Refit the kernels of the operation of a step, for all its calls."""
        old, new = calls[0].operation, self._pair.small(calls[0].operation)
        side = self._now
        if len(calls) > 1:
            side = side.copy()
            for step in self._way.steps[at : self._way.steps.index(calls[-1])]:
                self._advance(step, side)
        if not (any(map(side.sees_change, calls)) or self._pair.loses(calls[0])):
            return
        sites, notes = sites_of(old, new, self._pair)
        self._notes.update(dict.fromkeys(notes))
        before = self._heard(calls, side, [site.old for site in sites], original=True)
        for site, given in zip(sites, before, strict=True):
            [now] = self._heard(calls, side, [site.new], original=False)
            move = self._mover(site, calls)
            missing = self._missing(site, calls, side)
            self._notes.update(dict.fromkeys(fit(site, given, now, self._samples, move, missing)))

    def _anchor(self, step: Step) -> None:
        """Let a BatchNormalization compute in training what it computes now."""
        norm = self._pair.small(step.operation)
        if not isinstance(norm, keras.layers.BatchNormalization):
            return
        given = [self._pair.arguments(step, values)[0][0] for values in self._now.new]
        same = not self._now.sees_change(step)
        if same or (norm is not step.operation and anchor(norm, given)):
            self.settled.add(id(norm))

    def _heard(
        self, calls: list[Step], side: Side, layers: list[Any], original: bool
    ) -> list[Heard]:
        """Return what each of some layers of an operation is called with, in all its calls."""
        found: list[list[tuple[int, Any]]] = [[] for _ in layers]
        for step in calls:
            operation = step.operation if original else self._pair.small(step.operation)
            for batch, values in enumerate(side.old if original else side.new):
                if all(layer is operation for layer in layers):  # it need not be run
                    given = keras.tree.flatten(self._pair.arguments(step, values))[0]
                    for own in found:
                        own.append((batch, given))
                    continue
                with heard(layers) as inputs:
                    call = self._pair.call_original if original else self._pair.call_small
                    call(step, values)
                for own, layer in zip(found, layers, strict=True):
                    own += [(batch, x) for x in inputs[id(layer)]]
        return list(found)

    def _mover(self, site: Site, calls: list[Step]) -> Move:
        """Return what moves the outputs of a kernel: its bias, or the BatchNorm behind it."""
        bias, form = site.form.bias, site.form
        if bias is not None:
            if form.offset(np.zeros(site.weights()[:, 0].shape)) is None:
                return None
            return lambda offset: bias.assign(bias + form.offset(offset))
        alone = len(calls) == 1 and site.new is self._pair.small(calls[0].operation)
        norm = norm_behind(self._way, self._pair, site.form, calls[0]) if alone else None
        if norm is None:
            return None
        mean = norm.moving_mean
        return lambda offset: mean.assign(mean - offset.reshape(mean.shape))

    def _missing(self, site: Site, calls: list[Step], side: Side) -> list[NDArray[Any]] | None:
        """Return what a kernel should add for the sum that it goes into, for each batch."""
        if len(calls) > 1 or site.new is not self._pair.small(calls[0].operation):
            return None
        return missing_behind(self._way, self._pair, site.form, calls[0], side.old, side.new)
