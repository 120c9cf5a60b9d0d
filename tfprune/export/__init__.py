"""Keras to .tflite: convert, and what the doctor says of a model or file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfprune.export.conversion import convert as convert
    from tfprune.export.examining import doctor as doctor
    from tfprune.export.result import ConvertResult as ConvertResult

_PUBLIC = {
    "ConvertResult": "result",
    "convert": "conversion",
    "doctor": "examining",
}

__all__ = list(_PUBLIC)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'tfprune.export' has no attribute {name!r}")
        return getattr(importlib.import_module(f"tfprune.export.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
