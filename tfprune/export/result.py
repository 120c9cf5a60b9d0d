"""What a conversion gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfprune.linking.link import KernelLink
from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class ConvertResult(Shown):
    """A written .tflite file.

    Args:
        path: The file.
        quantize: `None`, `"float16"`, `"dynamic"`, `"int8"`, `"int16x8"` or `"int4"`.
        bytes: Its size.
        gzip_bytes: Its size after gzip -9, what a download costs.
        sparse: Whether its weights are stored sparse.
        sparse_reason: Why, or why not.
        kernels: Where each kernel went.
        notes: What was not done as asked, and why.
    """

    path: str
    quantize: str | None
    bytes: int
    gzip_bytes: int
    sparse: bool
    sparse_reason: str
    kernels: tuple[KernelLink, ...]
    notes: tuple[Note, ...]

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.export.table import convert_table

        return convert_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain lists, strings and numbers, ready for JSON."""
        return asdict(self)
