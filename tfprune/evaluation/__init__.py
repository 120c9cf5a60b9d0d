"""How right a model is on labelled data: any Keras metric, of a .tflite file or a Keras model."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "ClassRow": "classes",
    "Evaluation": "result",
    "evaluate": "evaluating",
    "wilson": "classes",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune.evaluation' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfprune.evaluation.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
