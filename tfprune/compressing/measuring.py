"""What a file costs on the target, beside the dense file, in one run."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from typing import Any

import tfprune.files as files
from tfprune.android.saving import times_in_profile
from tfprune.errors import PruneError
from tfprune.recipes import Budget
from tfprune.search import targets

MEASURED = ("latency", "latency_ms", "instructions", "peak_memory")
"""The budgets that are known only when a file has run."""


def check_target(target: str) -> None:
    """Check where files are to be timed.

    Raises:
        PruneError: there is no such target.
        FileError: there is no such profile.
    """
    if is_profile(target):
        times_in_profile(target)
        return
    fix = 'use "host", "android:SERIAL", or a profile of benchmark --save-profile'
    targets.check_target(target, ["phone.json"], fix)


def is_profile(target: str) -> bool:
    """Whether a target is a saved profile of a phone: a file of times, and no phone to ask."""
    return target.endswith(".json")


def unreachable(target: str) -> str | None:
    """Return why a phone cannot be reached now, None if it can, or if no phone is asked for."""
    if target.partition(":")[0] != "android":
        return None
    from tfprune.android.benchmark import find_phone

    try:
        find_phone(target.partition(":")[2] or None)
    except PruneError as error:
        return error.found
    return None


def check_budget(budget: Budget, target: str) -> None:
    """Check that what is asked can be measured there.

    Raises:
        PruneError: time on an emulator, or memory where it is not measured.
    """
    asked = given(budget)
    if is_profile(target) and "peak_memory" in asked:
        raise PruneError(f"peak_memory on {target}", "a profile tells times alone", "drop it")
    emulated = target == "arm64-emulated"
    timed = [name for name in asked if name in ("latency", "latency_ms", "peak_memory")]
    if emulated and timed:
        fix = f"use instructions={asked[timed[0]]}, or another target"
        raise PruneError(f"{timed[0]} on {target}", "an emulator tells no time", fix)


def given(budget: Budget) -> dict[str, float]:
    """Return the budgets that were set.

    Example:
        >>> given(Budget(macs=0.5))
        {'macs': 0.5}
    """
    values = {name: getattr(budget, name) for name in Budget.__struct_fields__}
    return {name: value for name, value in values.items() if value is not None}


def sizes(path: str | os.PathLike[str]) -> dict[str, int]:
    """Return the bytes of a file and of its download."""
    content = files.read_bytes(path)
    return {"file_bytes": len(content), "gzip_bytes": files.gzip_bytes(content)}


def measure(dense: Any, path: Any, target: str, instructions: bool) -> dict[str, Any]:
    """Run a file beside the dense one on the target.

    Args:
        dense, path: The two files.
        target: Where.
        instructions: Whether instructions on emulated ARM64 are counted, too.

    Returns:
        `usage`, by budget: `latency_ms`, `latency` and `peak_memory` (shares of the dense file),
        `instructions`; what the target does not tell is missing. `right`: whether the file computes
        there what it computes here.

    Raises:
        PruneError: the target cannot be reached.
    """
    models = {"dense": str(dense), "small": str(path)}
    usage: dict[str, float] = {}
    if instructions or target == "arm64-emulated":
        from tfprune.bench import count_instructions

        first, second = count_instructions(models).rows
        usage["instructions"] = second.instructions / first.instructions
    if target == "arm64-emulated":
        return {"usage": usage, "right": True}
    if is_profile(target):
        return {"usage": {**usage, **_known(dense, path, target)}, "right": True}
    rows = _timed(models, target)
    usage["latency_ms"] = rows[1].median_ms
    usage["latency"] = 1 / rows[1].ratio
    memory = [row.peak_memory_bytes for row in rows]
    if files.read_bytes(dense) == files.read_bytes(path):  # what differs is the clock's
        return {"usage": {**usage, "latency": 1.0, "peak_memory": 1.0}, "right": True}
    if all(memory):
        usage["peak_memory"] = memory[1] / memory[0]
    known = {name: value for name, value in usage.items() if math.isfinite(value)}
    return {"usage": known, "right": getattr(rows[1], "outputs_agree", True)}


def _known(dense: Any, path: Any, profile: str) -> dict[str, float]:
    """Return what a profile says of two files; nothing where it does not know these very files."""
    times = times_in_profile(profile)
    words = (hashlib.sha256(files.read_bytes(own)).hexdigest() for own in (dense, path))
    whole, own = (times.get(word) for word in words)
    known = {} if own is None else {"latency_ms": own}
    return known if own is None or whole is None else {**known, "latency": own / whole}


def _timed(models: Mapping[str, str], target: str) -> Any:
    if target == "host":
        from tfprune.bench.benchmark import benchmark

        return benchmark(models).rows
    from tfprune.android import benchmark_android

    serial = target.partition(":")[2] or None
    return benchmark_android(models, serial=serial, raise_on_failure=False).rows


def missed(budget: Budget, usage: Mapping[str, float | None]) -> dict[str, float]:
    """Return by how much each budget that is not met is missed: 1.2 is a fifth too much.

    What is not known is missed by infinity.

    Example:
        >>> missed(Budget(macs=0.5, params=0.5), {"macs": 0.6, "params": 0.4})
        {'macs': 1.2}
    """
    over = {}
    for name, limit in given(budget).items():
        value = usage.get(name)
        share = math.inf if value is None else value / limit
        if share > 1:
            over[name] = share
    return over
