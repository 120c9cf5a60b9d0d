"""Models of one's own, measured side by side, as one record and one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

if TYPE_CHECKING:
    from tfprune.comparing.energy import estimate_energy as estimate_energy
    from tfprune.comparing.measuring import compare as compare
    from tfprune.comparing.reporting import report as report

_PUBLIC = {"compare": "measuring", "estimate_energy": "energy", "report": "reporting"}

__all__ = list(_PUBLIC)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
