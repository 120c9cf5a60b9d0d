"""Whether a file does what its model does, as a cell of a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tfprune
from tfprune.errors import VerificationError


def verified(model: Any, path: Path, samples: Any) -> str:
    """Return "yes", or what `tfprune.verify` found; all of it goes to standard error."""
    try:
        tfprune.verify(model, path, samples)
    except VerificationError as error:
        print(error, file=sys.stderr)
        return f"no: {error.found.partition(';')[0]}"
    return "yes"
