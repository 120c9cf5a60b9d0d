"""What plan_structured is asked for, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tfprune.errors import PruneError
from tfprune.keras_facts.origins import name_of

TargetName = Literal["units", "params", "macs", "latency"]
TARGETS = ("units", "params", "macs", "latency")


def check_target(target: str, ratio: Any, latency: Any) -> None:
    """Refuse a target that does not exist, or that goes without what it needs.

    Raises:
        PruneError: it does.
    """
    if target not in TARGETS:
        raise PruneError(
            f"target={target!r}", "there is no such target", f"use one of {', '.join(TARGETS)}"
        )
    if (target == "latency") != (latency is not None):
        found = "the table is missing" if latency is None else "the target needs no table"
        fix = 'give both: target="latency", latency=tfprune.latency_table(model)'
        raise PruneError(f"target={target!r}, latency={latency and 'a table'}", found, fix)
    if isinstance(ratio, Mapping) and target != "units":
        raise PruneError(
            f"ratio={dict(ratio)!r} with target={target!r}",
            "ratios by name are shares of units",
            'drop target, or give one ratio for the whole model: ratio=0.5, target="macs"',
        )


def check_searched(ratio: Any, criterion: Any, scope: str, sensitivity: Any) -> None:
    """Refuse what has nothing to say where widths come from sensitivities."""
    if sensitivity is None:
        return
    own = criterion if criterion is None or isinstance(criterion, str) else name_of(criterion)
    ignored = {
        "ratio by names": isinstance(ratio, Mapping),
        f"criterion={own!r}": own not in (None, sensitivity.criterion),
        f"scope={scope!r}": scope != "local",
    }
    for what, given in ignored.items():
        if given:
            raise PruneError(
                f"{what} with sensitivity=",
                f"units go in the order of {sensitivity.criterion!r}, as they were measured, and "
                "widths by what each loses",
                "leave one of the two out",
            )
