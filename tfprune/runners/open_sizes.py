"""Inputs for a loaded file, drawn where a user gives none, also where it leaves sizes open."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfprune.errors import ProcessDied, PruneError
from tfprune.notes import Note
from tfprune.runners.given import given_inputs
from tfprune.runners.runner import Runner
from tfprune.runners.samples import random_inputs

OPEN_SIZES = (32, 64, 128, 224, 16, 8, 1)
"""Tried in this order: most images and sentences run at 32, deep networks need more, some
position tables hold less."""

Inputs = Any
"""What `fit` takes, a path, or None: see `tfprune.data.Batches`."""


def inputs_for(runner: Runner, inputs: Inputs) -> tuple[list[np.ndarray], list[Note]]:
    """Return the given inputs in the file's order, or random ones of seed 0, and what to know.

    A file that leaves sizes open besides the batch is loaded again with the first of `OPEN_SIZES`
    at which it runs, and a note says so: its time and its outputs depend on it.

    Raises:
        PruneError: the inputs do not fit, or the file runs at none of these sizes.
    """
    if inputs is not None:
        return given_inputs(inputs, runner.inputs, f"run {runner.path} on the given inputs")
    is_open = [spec.name for spec in runner.inputs if spec.is_open]
    if not is_open:
        return random_inputs(runner.inputs), []
    for size in OPEN_SIZES:
        shapes = [spec.at(size) for spec in runner.inputs]
        try:
            runner.load(runner.path, shapes)
            runner.run(random_inputs(runner.inputs))
        except ProcessDied:
            raise
        except PruneError as error:
            reason = error.found
        else:
            runner.load(runner.path, shapes)  # so that the next run is the first one
            words = " and ".join(
                f"{spec.signature or spec.name} {spec.shape}" for spec in runner.inputs
            )
            note = f"it leaves sizes open; run at {words}: give inputs of the size you need"
            return random_inputs(runner.inputs), [Note(runner.path, note)]
    raise PruneError(
        f"draw inputs for {runner.path}",
        f"it leaves sizes open and runs at none of {', '.join(map(str, OPEN_SIZES))}: {reason}",
        "give inputs of a size that it takes",
    )
