"""Models of one's own, measured side by side, as one record and one page."""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {"compare": "measuring", "estimate_energy": "energy", "report": "reporting"}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune.comparing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfprune.comparing.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return __all__
