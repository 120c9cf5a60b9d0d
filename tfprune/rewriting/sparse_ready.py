"""make_sparse_ready: rewrite a Keras model before training so that it can run sparse."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from tfprune.errors import PruneError, PruneWarning
from tfprune.graph import Clones, functional, replay
from tfprune.keras_internals import layers_of
from tfprune.notes import Note
from tfprune.readiness import why_not_sparse
from tfprune.rewriting.carrying import carry
from tfprune.rewriting.convolutions import separate, split, widen_stem
from tfprune.rewriting.editing import EXACT, Change, Edits
from tfprune.rewriting.functions import harden
from tfprune.rewriting.inlining import inline
from tfprune.rewriting.padding import pad_evenly
from tfprune.rewriting.pooled import reform
from tfprune.wrapping import Holding

_STEPS: tuple[Callable[[Edits], None], ...] = (
    widen_stem,
    split,
    harden,
    reform,
    pad_evenly,
    separate,
    carry,
)


@dataclass(frozen=True, eq=False)
class SparseReady:
    """A rewritten model, and how it differs from the one it was made of.

    Args:
        original: The model as it was.
        model: The rewritten one, of plain Keras layers, with the same weights, not compiled.
        changes: A row for each change.
        notes: What could not be changed: while there are any, the model does not run sparse.
    """

    original: Any
    model: Any
    changes: tuple[Change, ...]
    notes: tuple[Note, ...]

    @property
    def exact(self) -> bool:
        """Whether the rewritten model computes what the original computes, up to rounding."""
        return all(change.effect == EXACT for change in self.changes)

    def difference(self, data: Any) -> float:
        """Return how far the outputs of the two models are apart on some inputs.

        Args:
            data: Inputs as `model.predict` takes them, preprocessed as in training.

        Returns:
            The root mean square of the differences, relative to that of the original's outputs.
        """
        old, new = (
            [np.asarray(output) for output in keras.tree.flatten(model.predict(data, verbose=0))]
            for model in (self.original, self.model)
        )
        change = sum(float(np.square(a - b).sum()) for a, b in zip(old, new, strict=True))
        return float(np.sqrt(change / max(sum(float(np.square(a).sum()) for a in old), 1e-30)))

    def to_dict(self) -> dict[str, Any]:
        """Return the changes and notes as plain lists and strings, ready for JSON."""
        return {
            "changes": [asdict(change) for change in self.changes],
            "notes": [asdict(note) for note in self.notes],
        }

    def __str__(self) -> str:
        shifts = sum(change.effect != EXACT for change in self.changes)
        counts = f"{len(self.changes)} changes, {shifts} of them shift the function"
        if not self.changes:
            counts = "nothing to change"
        end = "it can run sparse" if not self.notes else "it will not run sparse, see below"
        total = f"{self.model.name!r}: {counts}; {end}"
        return "\n".join([*map(str, self.changes), total, *map(str, self.notes)])


def make_sparse_ready(model: Any) -> Any:
    """Return a model like this one that XNNPACK's sparse kernels can run on ARM cores.

    Call it before training: prune and train what it returns. Most changes are exact; even padding
    at stride 2 shifts what a layer sees by one pixel, so train (or fine-tune) afterwards.
    `tfprune.rewriting.plan_sparse_ready(model)` returns the same model with a row for each change.

    Args:
        model: A Functional or built Sequential model, not changed. Models nested in it become
            part of its graph.

    Returns:
        A Functional model of plain Keras layers, not compiled, with the weights and names of the
        original's layers.

    Raises:
        PruneError: the model is subclassed, not built, or wrapped for pruning already.

    A `PruneWarning` names each layer that would still keep it from running sparse.

    Example:
        >>> from keras import layers
        >>> model = keras.Sequential(
        ...     [
        ...         keras.Input((32, 32, 3)),
        ...         layers.Conv2D(8, 3, strides=2, padding="same", name="stem"),
        ...         layers.Conv2D(16, 1, name="pointwise"),
        ...         layers.GlobalAveragePooling2D(),
        ...         layers.Dense(10, name="head"),
        ...     ]
        ... )
        >>> [layer.name for layer in make_sparse_ready(model).layers][1:4]
        ['stem_pad', 'stem', 'pointwise']

    The rules are `tfprune.runtimes.SPARSE_RULES`.
    """
    ready = plan_sparse_ready(model)
    if ready.notes:
        rows = "\n  ".join(map(str, ready.notes))
        warnings.warn(
            f"{model.name!r} will not run sparse on ARM yet:\n  {rows}", PruneWarning, stacklevel=2
        )
    return ready.model


def plan_sparse_ready(model: Any) -> SparseReady:
    """Do what `make_sparse_ready` does, and say what was changed and what could not be.

    Args:
        model: As in `make_sparse_ready`.

    Returns:
        The model with its rows: print it. A model in which no sparse part can begin is copied
        as it is.

    Raises:
        PruneError: as `make_sparse_ready`.

    Example:
        >>> from keras import layers
        >>> image = keras.Input((32, 32, 3))
        >>> x = layers.Conv2D(8, 3, strides=2, padding="same", name="stem")(image)
        >>> x = layers.Conv2D(16, 1, name="expand")(x)
        >>> x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
        >>> x = layers.Flatten()(layers.Conv2D(10, 1, name="head")(x))
        >>> print(plan_sparse_ready(keras.Model(image, x, name="net")))
        pool: head becomes GlobalAveragePooling2D() → Dense (head) (exact)
        stem: padding='same' becomes ZeroPadding2D(1) and padding='valid' (shifts)
        'net': 2 changes, 1 of them shift the function; it can run sparse
    """
    _check(model)
    flat, changes, notes = inline(model)
    for step in _STEPS:
        edits = Edits(flat)
        if step is not widen_stem and not edits.part.entries:
            break
        step(edits)
        flat = edits.apply()
        changes += edits.changes
        notes += edits.notes
    ready = _copied(model) if flat is model else flat
    found = (Note(f.subject, f"{f.found}: {f.fix}") for f in why_not_sparse(ready))
    return SparseReady(model, ready, tuple(changes), (*notes, *found))


def _copied(model: Any) -> Any:
    clones = Clones(model)
    fresh = replay(model, clones.of)
    clones.copy_weights()
    return fresh


def _check(model: Any) -> None:
    functional(model)
    wrapped = [layer for layer in layers_of(model) if isinstance(layer, Holding)]
    if wrapped:
        raise PruneError(
            f"make {model.name!r} ready for sparse kernels",
            f"{wrapped[0].name!r} is wrapped for pruning or clustering",
            "call make_sparse_ready first, then prune_low_magnitude or cluster_weights",
        )
