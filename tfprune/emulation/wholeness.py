"""Whether a set-up is still what was made: a cache may be cut off by a full disk or a crash."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SIZES = "sizes.json"
_TIMEOUT_S = 120
_TRY = "import ai_edge_litert.interpreter, numpy"


def record_sizes(folder: Path) -> None:
    """Write down the size of every file in `folder`."""
    (folder / SIZES).write_text(json.dumps(_sizes(folder)), encoding="utf-8")


def damage(folder: Path) -> str | None:
    """Return in words what is not as it was made, None if nothing; a few milliseconds.

    Sizes are compared, not contents. What was added later does not matter.
    """
    try:
        wanted = json.loads((folder / SIZES).read_text(encoding="utf-8"))
        found = _sizes(folder)
        for path, size in wanted.items():
            if path not in found:
                return f"{folder / path} is missing"
            if found[path] != size:
                return f"{folder / path} has {found[path]:,} of {size:,} bytes"
    except (OSError, ValueError, AttributeError) as error:
        return f"{folder / SIZES} cannot be read: {error}"
    return None


def starts(launcher: Sequence[str]) -> bool:
    """Whether the Python of a launcher starts and imports LiteRT: else no file is to blame."""
    try:
        done = subprocess.run(
            [*launcher, "-c", _TRY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _sizes(folder: Path) -> dict[str, int]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            if name != SIZES and not os.path.islink(path):
                found[os.path.relpath(path, folder)] = os.stat(path).st_size
    return found
