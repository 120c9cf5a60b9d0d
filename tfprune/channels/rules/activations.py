"""Activations that may mix units."""

from __future__ import annotations

from typing import Any

from tfprune.channels.call import Call
from tfprune.channels.units import Ids
from tfprune.keras_facts import is_elementwise


def check_activation(call: Call, function: Any, units: Ids | None) -> None:
    """Keep the units of a layer whose activation mixes them, or may do so."""
    if units is not None and not is_elementwise(function):
        name = getattr(function, "__name__", type(function).__name__)
        call.keep(units, f"the activation {name} of {call.name} may mix channels")
