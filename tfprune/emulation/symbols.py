"""The functions of a shared library: a reader for the few tables of an ELF file that are needed.

Source: System V ABI, "Object Files"; 64-bit little-endian files only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_SYMTAB, _DYNSYM, _FUNCTION, _LOAD = 2, 11, 2, 1
_SECTION = np.dtype(
    [
        ("name", "<u4"), ("type", "<u4"), ("flags", "<u8"), ("address", "<u8"),
        ("offset", "<u8"), ("size", "<u8"), ("link", "<u4"), ("info", "<u4"),
        ("align", "<u8"), ("entry", "<u8"),
    ]
)  # fmt: skip
_SYMBOL = np.dtype(
    [
        ("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"),
        ("value", "<u8"), ("size", "<u8"),
    ]
)  # fmt: skip
_SEGMENT = np.dtype(
    [
        ("type", "<u4"), ("flags", "<u4"), ("offset", "<u8"), ("address", "<u8"),
        ("physical", "<u8"), ("size", "<u8"), ("memory", "<u8"), ("align", "<u8"),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Symbols:
    """Where the functions of a library begin, in the order of their addresses.

    Args:
        addresses: The address of each function in the file's own address space.
        names: Their names.
        segments: Offset in the file, size and address of each segment that is loaded.
    """

    addresses: np.ndarray
    names: tuple[str, ...]
    segments: tuple[tuple[int, int, int], ...]

    def name_at(self, offset: int) -> str | None:
        """Return the function that the byte at `offset` of the file belongs to."""
        for start, size, address in self.segments:
            if start <= offset < start + size:
                wanted = offset - start + address
                found = int(np.searchsorted(self.addresses, wanted, side="right")) - 1
                return self.names[found] if found >= 0 else None
        return None


def read_symbols(path: Path) -> Symbols:
    """Read the functions of an ELF file; a file that is none, or has none, gives no names."""
    content = path.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return Symbols(np.zeros(0, np.uint64), (), ())
    segment_start, section_start = struct.unpack_from("<QQ", content, 32)
    segment_count, _, section_count = struct.unpack_from("<HHH", content, 56)
    segments = np.frombuffer(content, _SEGMENT, segment_count, segment_start)
    sections = np.frombuffer(content, _SECTION, section_count, section_start)
    loaded = segments[segments["type"] == _LOAD]
    names = _functions(content, sections)
    order = sorted(names)
    return Symbols(
        np.array(order, np.uint64),
        tuple(names[address] for address in order),
        tuple((int(s["offset"]), int(s["size"]), int(s["address"])) for s in loaded),
    )


def _functions(content: bytes, sections: np.ndarray) -> dict[int, str]:
    """Return address → name; the full table of symbols, or what the linker left of it."""
    for kind in (_SYMTAB, _DYNSYM):
        for table in sections[sections["type"] == kind]:
            count = int(table["size"]) // _SYMBOL.itemsize
            symbols = np.frombuffer(content, _SYMBOL, count, int(table["offset"]))
            functions = symbols[(symbols["info"] & 15 == _FUNCTION) & (symbols["section"] != 0)]
            start = int(sections[int(table["link"])]["offset"])
            return {
                int(symbol["value"]): _text(content, start + int(symbol["name"]))
                for symbol in functions
            }
    return {}


def _text(content: bytes, start: int) -> str:
    return content[start : content.index(b"\0", start)].decode("utf-8", "replace")
