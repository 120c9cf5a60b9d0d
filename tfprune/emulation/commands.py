"""Running the package managers and compilers that a set-up needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfprune.errors import PruneError

ASKED = "set up emulated ARM64"
_TAIL_LINES = 4


def run(
    command: Sequence[str | os.PathLike[str]],
    fix: str,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        PruneError: it is not installed, or failed; with the end of what it said, and `fix`.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", **(variables or {})},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise PruneError(ASKED, f"{words[0]} cannot be run: {error.strerror}", fix) from error
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        found = f"{words[0]} ended with {done.returncode}: " + "; ".join(said[-_TAIL_LINES:])
        raise PruneError(ASKED, found, fix)
    return done.stdout
