"""The memory of child processes, watched from outside while they live."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from types import TracebackType

from tfprune.runners.leash import resident_bytes

_EVERY_S = 0.01


class Children:
    """The largest peak of resident memory of one child of this process.

    The kernel's own figure (`ru_maxrss`) would count the parent, as of before the child's exec.

    Attributes:
        peak: In bytes; what a child takes in its last hundredth of a second may be missing.

    Example:
        >>> with Children() as children:
        ...     _ = subprocess.run(["true"])                        # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        seen: dict[str, bool] = {}  # process → whether it is a child
        while not self._done.wait(_EVERY_S):
            there = [name for name in os.listdir("/proc") if name.isdigit()]
            seen = {name: seen[name] if name in seen else _is_child(name) for name in there}
            for name in there:
                if seen[name]:
                    self.peak = max(self.peak, resident_bytes("VmHWM", name))

    def __enter__(self) -> Children:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()


def _is_child(name: str) -> bool:
    with contextlib.suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{name}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[1]) == os.getpid()
    return False
