"""Right and wrong by class, with how far chance alone can move a share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054  # the normal distribution holds 95 % within so many standard deviations
_MOST = 100_000

Array = NDArray[Any]


def wilson(right: float, samples: int) -> tuple[float, float]:
    """Return the interval that holds a share with 95 % confidence, given `right` of `samples`.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, p. 209. It stays inside 0 and 1, and says
    something of a share of 0 or 1 too.

    Example:
        >>> [round(end, 3) for end in wilson(8, 10)]
        [0.49, 0.943]
        >>> wilson(0, 0)
        (0.0, 1.0)
    """
    if samples == 0:
        return 0.0, 1.0
    share, n = right / samples, samples
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class of one output, unweighted.

    Args:
        label: Its number, or the name it was given.
        samples: How many samples have this label; of an output with a class for each position
            (segmentation, a class per word) how many positions.
        right: How many of them the model gives this class.
        predicted: How many samples the model gives this class, rightly or not.
        output: The output's name; `""` where there is one.

    Example:
        >>> row = ClassRow(label="cat", samples=10, right=8, predicted=16)
        >>> row.accuracy, row.precision, [round(end, 2) for end in row.interval]
        (0.8, 0.5, [0.49, 0.94])
    """

    label: str
    samples: int
    right: int
    predicted: int
    output: str = ""

    @property
    def accuracy(self) -> float | None:
        """The share of its samples that the model gives this class; None without samples."""
        return self.right / self.samples if self.samples else None

    @property
    def precision(self) -> float | None:
        """The share of samples given this class that have it; None if none was given it."""
        return self.right / self.predicted if self.predicted else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where `accuracy` lies with 95 % confidence, by `wilson`."""
        return wilson(self.right, self.samples)


class ClassCounts:
    """Counts labels and decisions of one output, batch by batch."""

    def __init__(self, classes: int | None) -> None:
        self.classes = classes
        self.outside = 0
        self._counts = np.zeros((3, classes or 0), np.int64)

    def add(self, labels: Array, decided: Array) -> None:
        """Add integers of equal shape; a decision of -1 is none, and wrong."""
        labels, decided = labels.reshape(-1), decided.reshape(-1)
        if self.classes is None:
            self._grow(int(max(labels.max(initial=-1), decided.max(initial=-1))) + 1)
        size = self._counts.shape[1]
        known = (labels >= 0) & (labels < size)
        self.outside += int((~known).sum())
        given = (decided >= 0) & (decided < size)
        for row, values in zip(
            self._counts,
            (labels[known], labels[known & (labels == decided)], decided[given]),
            strict=True,
        ):
            row += np.bincount(values, minlength=size)

    def _grow(self, size: int) -> None:
        size = min(size, _MOST)
        more = size - self._counts.shape[1]
        if more > 0:
            self._counts = np.pad(self._counts, ((0, 0), (0, more)))

    @property
    def samples(self) -> int:
        """How many labels were counted, also those that no class has."""
        return int(self._counts[0].sum()) + self.outside

    @property
    def right(self) -> int:
        """How many decisions were right."""
        return int(self._counts[1].sum())

    def rows(self, output: str, names: Sequence[str] | None) -> tuple[ClassRow, ...]:
        """Return a row for each class that occurs as a label or a decision, or has a name."""
        return tuple(
            ClassRow(
                label=names[i] if names and i < len(names) else str(i),
                samples=int(samples),
                right=int(right),
                predicted=int(predicted),
                output=output,
            )
            for i, (samples, right, predicted) in enumerate(self._counts.T)
            if samples or predicted or (names and i < len(names))
        )
