"""Names that tell which process they belong to, so that nothing of a killed one stays for ever."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import zlib
from pathlib import Path

_OWNED = re.compile(r"-(?P<place>[0-9a-f]{8})-(?P<pid>\d+)-")


def owned_name(prefix: str) -> str:
    """Return a new name, of `prefix` and 40 characters at most, that tells of this process.

    Example:
        >>> owned_name(".tfp").startswith(".tfp-")
        True
    """
    return f"{prefix}-{_place()}-{os.getpid()}-{secrets.token_hex(4)}"


def sweep(folder: Path, prefix: str) -> None:
    """Remove what dead processes of this user and machine left in `folder` under `prefix`."""
    if os.name != "posix":  # elsewhere a look at a process may end it
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            found = _OWNED.match(entry.name, len(prefix))
            if entry.name.startswith(prefix) and found and _is_left_over(entry, found):
                _remove(entry)


def _is_left_over(entry: os.DirEntry[str], found: re.Match[str]) -> bool:
    if found["place"] != _place() or entry.stat(follow_symlinks=False).st_uid != os.geteuid():
        return False
    try:
        os.kill(int(found["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(entry.path)


def _place() -> str:
    """Return a word for this machine and, in a container, for its own count of processes."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{zlib.crc32((socket.gethostname() + space).encode()):08x}"
