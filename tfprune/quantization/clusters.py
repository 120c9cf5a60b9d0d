"""Kernels of a plain model that hold few values, which int8 training would spread again."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfprune.keras_facts import kernels_of
from tfprune.notes import Note
from tfprune.wrapping import ClusterConstraint

_FEW, _SAMPLE = 256, 4096


def clusters_to_be_lost(model: Any) -> list[Note]:
    """Return a note for each kernel that looks clustered but that nothing holds to its values."""
    notes = []
    for kernel in kernels_of(model):
        values = np.asarray(kernel.variable).reshape(-1)
        held = isinstance(kernel.variable.constraint, ClusterConstraint)
        if not held and kernel.variable.trainable and (few := _few_values(values)):
            found = f"holds {few} values, which training will spread"
            fix = "give quantize_model the model as it was before strip_clustering"
            notes.append(Note(kernel.name, f"{found}; {fix}"))
    return notes


def _few_values(values: Any) -> int | None:
    """Return how many values other than zero there are, None if too many for clusters."""
    for part in (values[:_SAMPLE], values):  # most kernels are no clusters, and told by a few
        alive = part[part != 0]
        few = len(np.unique(alive))
        if few > _FEW or few < 2 or len(alive) < 4 * few:
            return None
    return few
