"""What a program or library is made for: the few facts of its ELF header that matter here."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tfprune import files
from tfprune.errors import FileError

_MACHINES = {183: "arm64-v8a", 62: "x86_64", 40: "armeabi-v7a", 3: "x86"}
_64_BITS, _LITTLE = 2, 1
_LOADED, _DYNAMIC, _LOADER = 1, 2, 3
_NEEDED, _STRINGS = 1, 5


@dataclass(frozen=True)
class Elf:
    """An ELF file, as its specification (System V ABI, chapters 4 and 5) lays it out.

    Args:
        abi: Android's name of the machine it is for, or `"unknown"`.
        needed: The libraries it names.
        is_program: Whether it names a loader, as programs do and libraries do not.
    """

    abi: str
    needed: tuple[str, ...]
    is_program: bool

    @property
    def is_android(self) -> bool:
        """Whether it is linked with Android's C library, not with glibc."""
        return "libc.so" in self.needed


def read_elf(path: str | Path) -> Elf:
    """Read the header and the dynamic section of a 64-bit little-endian ELF file.

    Raises:
        FileError: it is something else, or is not whole.
    """
    content = files.read_bytes(path)
    try:
        if content[:4] != b"\x7fELF" or content[5] != _LITTLE:
            raise ValueError("another file")
        abi = _MACHINES.get(struct.unpack_from("<H", content, 18)[0], "unknown")
        return _read(content, abi) if content[4] == _64_BITS else Elf(abi, (), False)
    except (struct.error, ValueError, IndexError) as error:
        asked, found = f"use {path} as the runtime", "it is no whole ELF file"
        raise FileError(asked, found, "name a libLiteRt.so") from error


def _read(content: bytes, abi: str) -> Elf:
    [start] = struct.unpack_from("<Q", content, 32)
    [count] = struct.unpack_from("<H", content, 56)
    # type, flags, offset, address, physical address, size in the file, in memory, alignment
    segments = [struct.unpack_from("<IIQQQQQQ", content, start + 56 * i) for i in range(count)]
    rows: list[tuple[int, int]] = []
    for kind, _, offset, _, _, size, _, _ in segments:
        if kind == _DYNAMIC:
            rows = [struct.unpack_from("<QQ", content, offset + at) for at in range(0, size, 16)]
    strings = [value for tag, value in rows if tag == _STRINGS]
    needed = []
    for tag, value in rows:
        if tag == _NEEDED:
            at = _offset(strings[0], segments) + value
            needed.append(content[at : content.index(b"\0", at)].decode("utf-8", "replace"))
    return Elf(abi, tuple(needed), any(segment[0] == _LOADER for segment in segments))


def _offset(address: int, segments: list[tuple[int, ...]]) -> int:
    for kind, _, offset, start, _, size, _, _ in segments:
        if kind == _LOADED and start <= address < start + size:
            return offset + address - start
    raise ValueError("its string table is outside of it")
