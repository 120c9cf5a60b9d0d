"""What narrower layers cost in accuracy and gain in time, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

if TYPE_CHECKING:
    from tfprune.search.measuring import sensitivity as sensitivity
    from tfprune.search.timing import latency_table as latency_table

_PUBLIC = {"latency_table": "timing", "sensitivity": "measuring"}

__all__ = list(_PUBLIC)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
