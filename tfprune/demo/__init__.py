"""The demo: one whole journey, from training data to a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

if TYPE_CHECKING:
    from tfprune.demo.journey import run_demo as run_demo
    from tfprune.demo.settings import DemoSettings as DemoSettings

_PUBLIC = {"DemoSettings": "settings", "run_demo": "journey"}

__all__ = list(_PUBLIC)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
