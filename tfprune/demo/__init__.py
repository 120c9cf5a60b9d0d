"""The demo: one whole journey, from training data to a report."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfprune.demo.journey import run_demo as run_demo
    from tfprune.demo.settings import DemoSettings as DemoSettings

_PUBLIC = {"DemoSettings": "settings", "run_demo": "journey"}

__all__ = list(_PUBLIC)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'tfprune.demo' has no attribute {name!r}")
        return getattr(importlib.import_module(f"tfprune.demo.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
