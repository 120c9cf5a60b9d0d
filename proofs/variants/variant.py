"""One model on which the doctor is held against the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from proofs.variants import blocks as b


@dataclass(frozen=True)
class Variant:
    """One model and how it is converted.

    Args:
        build: Makes the Keras model.
        sparsity: The share of zeros in its 1x1 convolutions.
        quantize: As in `tfprune.convert`.
        encoded: Whether it is stored sparse, whatever `convert` would say.
        batch: The fixed batch size.
        prune: Sets the zeros.
    """

    build: Callable[[], keras.Model]
    sparsity: float = 0.8
    quantize: str | None = None
    encoded: bool = True
    batch: int | None = 1
    prune: Callable[[keras.Model, float], Any] = b.prune


def around(
    place: Callable[[Any], keras.Model], parts: Mapping[str, Any], prefix: str = ""
) -> dict[str, Variant]:
    """Return a variant for each part, put where `place` puts it, e.g. `blocks.with_middle`."""
    return {prefix + name: Variant(partial(place, part)) for name, part in parts.items()}
