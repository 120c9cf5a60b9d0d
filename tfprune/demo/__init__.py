"""The demo: one whole journey, from training data to a report."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {"DemoSettings": "settings", "run_demo": "journey"}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune.demo' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfprune.demo.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
