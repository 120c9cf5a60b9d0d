"""Keras to .tflite: convert, and link kernels to tensors by name."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "KernelLink": "result",
    "ConvertResult": "result",
    "convert": "conversion",
    "doctor": "examining",
    "link_kernels": "names",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune.export' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfprune.export.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
