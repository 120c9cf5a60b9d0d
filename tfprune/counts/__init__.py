"""What a model costs: parameters, multiply-accumulates and activations, layer by layer."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "Counts": "records",
    "LayerCount": "records",
    "count": "counting",
    "kernel_macs": "counting",
    "macs_by_kernel": "counting",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune.counts' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfprune.counts.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
