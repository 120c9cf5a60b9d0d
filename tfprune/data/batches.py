"""Batches: data in any form, read once, as checked batches of named inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfprune.data.checking import Widths, check_finite, checked
from tfprune.data.forms import Source, source_of
from tfprune.data.naming import Batch, Part, joined, part_of
from tfprune.data.wanted import Wanted
from tfprune.notes import Note

_SIZE = 32
"""Rows of a batch of single samples where nobody says how many, as in Keras."""


class Batches:
    """Data in any form that `fit` takes, or a path, as batches of named inputs.

    Args:
        data: See docs/data.md.
        wanted: What the model takes, and how much.

    Raises:
        PruneError: on creation and while it is read: the data is missing, empty, endless, or
            not what the model takes; NaN, infinite values, or ids outside of a table.

    Example:
        >>> import numpy as np
        >>> from tfprune.data import Input, Wanted
        >>> wanted = Wanted(asked="score", inputs=(Input(name="x", shape=(None, 2)),), batch_size=2)
        >>> data = Batches([np.zeros(2), np.ones(2), np.ones(2)], wanted)
        >>> [batch.inputs["x"].tolist() for batch in data]
        [[[0.0, 0.0], [1.0, 1.0]], [[1.0, 1.0]]]
        >>> print(data.notes[0])
        data: a list of single samples: they were put together in batches of 2
    """

    def __init__(self, data: Any, wanted: Wanted) -> None:
        if wanted.steps is not None and wanted.steps < 1:
            fix = "use None for all batches, or at least 1"
            raise wanted.error(f"{wanted.steps} batches", fix)
        self.notes: list[Note] = []
        self._wanted = wanted
        self._source: Source = source_of(data, wanted, self.notes)
        self._widths = Widths(wanted.inputs)
        self._dropped = 0

    def __iter__(self) -> Iterator[Batch]:
        wanted, steps, rows = self._wanted, 0, 0
        for part in self._grouped():
            if wanted.rows is not None and wanted.fixed_size is None:
                part = part.rows(0, wanted.rows - rows)
            part = checked(part, wanted)
            self._widths.add(part)
            steps, rows = steps + 1, rows + len(part)
            yield Batch(part.inputs, part.targets, part.weights)
            if steps == wanted.steps or (wanted.rows is not None and rows >= wanted.rows):
                break
        else:
            self._finish(steps)
        self._say_dropped(steps)
        self.notes += self._widths.notes()

    def _finish(self, steps: int) -> None:
        """Say what is wrong with data that ended by itself."""
        wanted = self._wanted
        if not steps and not self._dropped:
            if not self._source.once:
                raise wanted.error("the data is empty")
            fix = "pass a fresh one, or the function that makes it"
            raise wanted.error(
                f"the data is empty: {self._source.form} is used up after one turn", fix
            )
        if wanted.steps is not None and steps < wanted.steps:
            self._note(f"it ended after {steps} of {wanted.steps} batches")

    def _say_dropped(self, steps: int) -> None:
        if self._dropped:
            rows = "1 sample" if self._dropped == 1 else f"{self._dropped} samples"
            found = f"{rows} left out: the model takes batches of {self._wanted.fixed_size}"
            if not steps:
                raise self._wanted.error(found, "pass more data, or convert with batch_size=1")
            self._note(found)

    def _note(self, reason: str) -> None:
        note = Note("data", reason)
        if note not in self.notes:
            self.notes.append(note)

    def _parts(self) -> Iterator[Part]:
        """Yield the elements by name; of a source without a known end no more than `bound` rows."""
        wanted, rows = self._wanted, 0
        for element in self._source.elements:
            bounded = wanted.steps is None and wanted.rows is None and not self._source.ends
            if bounded and rows >= wanted.bound:
                self._note(f"stopped after {rows} samples: a generator may have no end")
                return
            part = part_of(element, wanted, self.notes)
            if self._source.whole:
                for name, array in part.inputs.items():
                    check_finite(array, f"the input {name!r}", wanted)
            rows += len(part)
            if len(part):
                yield part

    def _grouped(self) -> Iterator[Part]:
        """Yield batches: as they came, or of one size where there is one."""
        wanted, fixed = self._wanted, self._wanted.fixed_size
        size = fixed or wanted.batch_size or _SIZE
        held: list[Part] = []
        for part in self._parts():
            if part.sample and not self._source.whole:
                words = "as the model takes them" if size == 1 else f"in batches of {size}"
                kind = f"{self._source.form} of single samples"
                self._note(f"{kind}: they were put together {words}")
            if not (part.sample or self._source.whole or fixed):
                yield part
                continue
            if held and not held[0].like(part):
                yield from self._rest(held, fixed)
                held = []
            if wanted.batch_size is None and self._source.whole:
                size = fixed or len(part)
            held.append(part)
            if sum(map(len, held)) >= size:
                whole = joined(held)
                stop = len(whole) - len(whole) % size
                yield from (whole.rows(at, at + size) for at in range(0, stop, size))
                held = [whole.rows(stop, len(whole))] if stop < len(whole) else []
        yield from self._rest(held, fixed)

    def _rest(self, held: list[Part], fixed: int | None) -> Iterator[Part]:
        if held and fixed:
            self._dropped += sum(map(len, held))
        elif held:
            yield joined(held)
