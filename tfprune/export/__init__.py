"""Keras to .tflite: convert, and what the doctor says of a model or file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

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
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
