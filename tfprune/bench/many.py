"""Time many small files in one process, in turns: each is loaded anew when its turn comes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from tfprune.progress import track
from tfprune.runners import Runner, inputs_for

_MS = 4.0
_FEWEST, _MOST = 5, 100


def time_many(
    paths: Sequence[str | os.PathLike[str]],
    *,
    rounds: int = 3,
    threads: int = 1,
    xnnpack: bool = True,
) -> list[float]:
    """Return the milliseconds of one inference of each file: of its best round the median.

    All files take a turn in each round, in every other round backwards. In a turn a file is run
    for about 4 ms, but 5 times at least. Other programs on a busy machine can only make a round
    slower, so the fastest tells most of the file itself.

    Args:
        paths: The files, at least one.
        rounds: How many turns each takes.
        threads: Threads of the interpreter.
        xnnpack: Whether the XNNPACK delegate may take ops.

    Raises:
        FileError: a file is missing or foreign.
        PruneError: the runtime is missing, or crashed.

    Example:
        >>> time_many(["conv.tflite", "dense.tflite"])               # doctest: +SKIP
        [0.183, 0.012]
    """
    order = list(range(len(paths)))
    turns = [i for turn in range(rounds) for i in (order if turn % 2 == 0 else order[::-1])]
    found: list[list[float]] = [[] for _ in paths]
    with Runner(paths[0], threads=threads, xnnpack=xnnpack) as runner:
        for i in track(turns, "timing"):
            runner.load(paths[i])
            inputs, _ = inputs_for(runner, None)
            runner.time(1, inputs)
            first = float(np.median(runner.time(3)))
            runs = int(np.clip(_MS / max(first, 1e-6), _FEWEST, _MOST))
            found[i].append(float(np.median(runner.time(runs))))
    return [min(own) for own in found]
