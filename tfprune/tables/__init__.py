"""Results as people read them: tables that keep their numbers at any width, and their words."""

from __future__ import annotations

from tfprune.tables.rows import Cell, Rows, noted, plain_table
from tfprune.tables.shown import Shown, printed
from tfprune.tables.visible import visible

__all__ = ["Cell", "Rows", "Shown", "noted", "plain_table", "printed", "visible"]
