"""The models on which the doctor is held against the truth: tables of names and functions."""

from __future__ import annotations

from proofs.variants.ends import CLUSTERS, HEADS
from proofs.variants.entries import ACTIVATIONS, DEPTHWISE, SIZES, STEMS
from proofs.variants.middles import INSIDE, SQUEEZES
from proofs.variants.storage import APPLICATIONS, SPARSITIES, TYPES
from proofs.variants.variant import Variant

VARIANTS: dict[str, Variant] = {
    **ACTIVATIONS,
    **STEMS,
    **SIZES,
    **DEPTHWISE,
    **INSIDE,
    **SQUEEZES,
    **HEADS,
    **CLUSTERS,
    **SPARSITIES,
    **TYPES,
    **APPLICATIONS,
}

__all__ = ["VARIANTS", "Variant"]
