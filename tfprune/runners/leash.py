"""What a child is bound to: it ends with its parent, and stays within its memory.

Like `worker.py` it imports nothing of tfprune and knows nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import threading
import time

_POLL_S = 2.0


def end_with(parent: int, folder: str) -> None:
    """From now on, end this process and remove its folder as soon as its parent has ended.

    Linux could send a signal by itself (PR_SET_PDEATHSIG), but it does so when the thread that
    started the child ends. So a thread waits; where the system cannot tell of a parent's end
    (Windows) it never comes back, and the end of standard input has to do.

    Args:
        parent: The number of the process that started this one.
        folder: A folder that nobody else will remove.
    """
    threading.Thread(target=_end, args=(parent, folder), daemon=True).start()


def _end(parent: int, folder: str) -> None:
    _wait(parent)
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(parent: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not Linux, an old one, or it is gone
        handle = os.pidfd_open(parent)
        if os.getppid() == parent:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll()
        return
    while os.getppid() == parent:
        time.sleep(_POLL_S)


def resident_bytes(field: str, process: int | str = "self") -> int:
    """Read a line such as `VmHWM` of /proc/self/status, in bytes; 0 where there is none.

    `ru_maxrss` would not do: Linux lets a child inherit its parent's maximum over fork and exec.
    """
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def reset_peak() -> int:
    """Set the kernel's peak back to what is resident now, where it allows; return the baseline."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as clear:
            clear.write("5")
    except OSError:
        pass
    return resident_bytes("VmHWM")


def limit_memory(more: int, process: int = 0) -> None:
    """Let this process, or another, take at most `more` bytes beyond what it has; only Linux can.

    QEMU takes such a limit from the program inside and does not heed it
    (linux-user/syscall.c, TARGET_NR_setrlimit); only from outside does it hold.
    """
    used = resident_bytes("VmData", process or "self")
    if not used:
        return
    import resource

    with contextlib.suppress(ProcessLookupError):
        hard = resource.prlimit(process, resource.RLIMIT_DATA)[1]
        wanted = used + more
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.prlimit(process, resource.RLIMIT_DATA, (soft, hard))
