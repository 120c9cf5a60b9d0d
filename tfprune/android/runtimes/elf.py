"""What a program or library is made for: the few facts of its ELF header that matter here."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tfprune import files
from tfprune.errors import FileError

_MACHINES = {183: "arm64-v8a", 62: "x86_64", 40: "armeabi-v7a", 3: "x86"}
_64_BITS, _LITTLE = 2, 1
_PROGRAM = 2
_LOADED, _DYNAMIC, _LOADER = 1, 2, 3
_NEEDED, _STRINGS, _FLAGS, _IS_PROGRAM = 1, 5, 0x6FFFFFFB, 0x08000000


@dataclass(frozen=True)
class Elf:
    """An ELF file, as its specification (System V ABI, chapters 4 and 5) lays it out.

    That a program may be loaded anywhere, and has no loader, stands in `DT_FLAGS_1` (binutils'
    include/elf/common.h).

    Args:
        abi: Android's name of the machine it is for, or `"unknown"`.
        needed: The libraries it names.
        is_program: Whether it is no library.
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
        raise FileError(asked, found, "name a libLiteRt.so or a benchmark_model") from error


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
    [kind] = struct.unpack_from("<H", content, 16)
    flags = [value for tag, value in rows if tag == _FLAGS]
    has_loader = any(segment[0] == _LOADER for segment in segments)
    is_program = kind == _PROGRAM or has_loader or any(value & _IS_PROGRAM for value in flags)
    return Elf(abi, tuple(needed), is_program)


def _offset(address: int, segments: list[tuple[int, ...]]) -> int:
    for kind, _, offset, start, _, size, _, _ in segments:
        if kind == _LOADED and start <= address < start + size:
            return offset + address - start
    raise ValueError("its string table is outside of it")
