"""Keras to .tflite: convert, and link kernels to tensors by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfprune.export.conversion import convert as convert
    from tfprune.export.examining import doctor as doctor
    from tfprune.export.names import link_kernels as link_kernels
    from tfprune.export.result import ConvertResult as ConvertResult
    from tfprune.export.result import KernelLink as KernelLink

_PUBLIC = {
    "KernelLink": "result",
    "ConvertResult": "result",
    "convert": "conversion",
    "doctor": "examining",
    "link_kernels": "names",
}

__all__ = list(_PUBLIC)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'tfprune.export' has no attribute {name!r}")
        return getattr(importlib.import_module(f"tfprune.export.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
