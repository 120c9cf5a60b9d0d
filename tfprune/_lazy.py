"""Public names of a room, each imported from its file when somebody first asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazily(
    room: str, public: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a room.

    Args:
        room: Its `__name__`.
        public: Name → the file of the room that defines it.
    """

    def get(name: str) -> Any:
        if name not in public:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{public[name]}"), name)

    return get, lambda: list(public)
