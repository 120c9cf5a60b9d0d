"""What a conversion wrote, as lines."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.export.result import ConvertResult
from tfprune.tables import noted, wording


def convert_table(result: ConvertResult) -> Group:
    """Return what a conversion wrote."""
    facts = [
        f"{result.path}: {wording.count(result.bytes)} bytes, "
        f"gzip {wording.count(result.gzip_bytes)} bytes",
        f"quantize: {result.quantize or 'none'}",
        f"stored {'sparse' if result.sparse else 'dense'}: {result.sparse_reason}",
        f"{len(result.kernels)} kernels linked to tensors",
    ]
    return Group(*map(Text, facts), *noted(result.notes))
