"""What a time was measured on; a number without it means nothing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tfprune.notes import Note

_X86 = {"x86_64", "amd64", "i386", "i686"}


def describe_host() -> dict[str, Any]:
    """Describe this machine, JSON-ready: CPU, cores, OS, Python, load, sparse kernels."""
    facts = _cpuinfo()
    machine = platform.machine()
    flags = facts.get("flags", "").split()
    return {
        "cpu": facts.get("model name") or platform.processor() or machine,
        "machine": machine,
        "cores": _usable_cores(),
        "os": platform.platform(),
        "python": platform.python_version(),
        "load_average": load_average(),
        "runs_sparse_kernels": runs_sparse_kernels(machine, flags),
    }


def load_average() -> float | None:
    """Return how many programs wanted a core, over the last minute; None where nobody counts."""
    return None if sys.platform == "win32" else round(os.getloadavg()[0], 2)


def busy(host: Mapping[str, Any], threads: int) -> list[Note]:
    """Say so if other programs wanted more cores than there are while times were taken.

    Args:
        host: From `describe_host`, with the load after the benchmark as `"load_average_after"`.
        threads: What the benchmark itself adds to that.

    Example:
        >>> [note] = busy({"cores": 2, "load_average": 12.0, "load_average_after": 11.0}, 1)
        >>> str(note).split(":")[0]
        'load'
        >>> busy({"cores": 2, "load_average": 0.5, "load_average_after": 1.5}, 1)
        []
    """
    before, after = host["load_average"] or 0.0, host["load_average_after"] or 0.0
    load = max(before, after - threads)
    if load <= host["cores"]:
        return []
    reason = (
        f"{load:g} programs wanted the {host['cores']} cores while times were taken: long runs are "
        "interrupted more often than short ones, which stretches the ratio of the medians; that "
        "of the minima is nearer to the truth, an idle machine nearest"
    )
    return [Note("load", reason)]


def runs_sparse_kernels(machine: str, flags: Collection[str]) -> bool:
    """Whether XNNPACK can run a sparse file with its sparse kernels on such a CPU.

    Source: XNNPACK `src/xnnpack/hardware-config.h`, `xnn_is_chw_compatible_config`: on x86 only
    without AVX; on ARM always. A CPU whose flags are unknown is taken to have AVX.

    Example:
        >>> runs_sparse_kernels("aarch64", []), runs_sparse_kernels("x86_64", ["avx"])
        (True, False)
    """
    if machine.lower() in _X86:
        return bool(flags) and "avx" not in flags
    return machine.lower().startswith(("aarch64", "arm"))


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpuinfo() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    rows = (line.partition(":") for line in text.split("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in rows}
