"""What a model costs: parameters, multiply-accumulates and activations, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

if TYPE_CHECKING:
    from tfprune.counts.counting import count as count
    from tfprune.counts.counting import kernel_macs as kernel_macs
    from tfprune.counts.counting import macs_by_kernel as macs_by_kernel
    from tfprune.counts.records import Counts as Counts
    from tfprune.counts.records import LayerCount as LayerCount

_PUBLIC = {
    "Counts": "records",
    "LayerCount": "records",
    "count": "counting",
    "kernel_macs": "counting",
    "macs_by_kernel": "counting",
}

__all__ = list(_PUBLIC)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
