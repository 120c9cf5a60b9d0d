"""Libraries built for Android, made loadable by glibc: the nearest to a phone without one.

Android's linker unpacks relocations that are stored as sleb128 numbers; glibc's cannot, and wants
symbols to have the versions of its own libraries. So the relocations are appended unpacked and the
versions taken out; standin.c and empty libraries take the place of Android's own.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tfprune.android.runtimes.building import SOURCES as NATIVE
from tfprune.emulation.place import cache_folder

SOURCE = Path(__file__).with_name("standin.c")
BENCHMARK_MODEL = Path(__file__).with_name("benchmark_model.c")
HEADER = struct.Struct("<IIQQQQQQ")  # an ELF program header
RELOCATION = struct.Struct("<QQq")
LOAD, DYNAMIC, NOTE = 1, 2, 4
SYMTAB, STRTAB, RELA, RELASZ, NEEDED = 6, 5, 7, 8, 1
ANDROID_RELA, ANDROID_RELASZ = 0x60000011, 0x60000012
VERSYM, VERSIONS = 0x6FFFFFF0, (0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF)
IGNORED = 0x6000000D
PAGE = 0x10000
# bionic/linker/linker_reloc_iterators.h
BY_INFO, BY_OFFSET, BY_ADDEND, HAS_ADDEND = 1, 2, 4, 8


def unpack(packed: bytes) -> bytes:
    """Unpack relocations of the format APS2."""
    assert packed[:4] == b"APS2"
    numbers = sleb128(packed[4:])
    count, offset = next(numbers), next(numbers)
    info = addend = 0
    found: list[bytes] = []
    while len(found) < count:
        size, flags = next(numbers), next(numbers)
        step = next(numbers) if flags & BY_OFFSET else None
        info = next(numbers) if flags & BY_INFO else info
        if not flags & HAS_ADDEND:
            addend = 0
        elif flags & BY_ADDEND:
            addend += next(numbers)
        for _ in range(size):
            offset += next(numbers) if step is None else step
            info = info if flags & BY_INFO else next(numbers)
            if flags & HAS_ADDEND and not flags & BY_ADDEND:
                addend += next(numbers)
            found.append(RELOCATION.pack(offset, info, addend))
    return b"".join(found)


def sleb128(content: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value - (1 << shift) if byte & 0x40 else value
            value = shift = 0


class Library:
    """An ELF library for Android, of 64 bits."""

    def __init__(self, path: Path) -> None:
        self.content = bytearray(path.read_bytes())
        [self.start], [count] = self._at("<Q", 32), self._at("<H", 56)
        self.headers = [
            list(HEADER.unpack_from(self.content, self.start + HEADER.size * i))
            for i in range(count)
        ]
        [(_, _, at, _, _, size, _, _)] = [h for h in self.headers if h[0] == DYNAMIC]
        rows = [(*self._at("<QQ", i), i) for i in range(at, at + size, 16)]
        self.rows = {tag: (value, i) for tag, value, i in rows}
        self.needed = [self.text(value) for tag, value, _ in rows if tag == NEEDED]

    def _at(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(form, self.content, offset)

    def offset(self, address: int) -> int:
        """Where an address lies in the file."""
        return next(
            at + address - own
            for kind, _, at, own, _, size, _, _ in self.headers
            if kind == LOAD and own <= address < own + size
        )

    def text(self, at: int) -> str:
        start = self.offset(self.rows[STRTAB][0]) + at
        return self.content[start : self.content.index(b"\0", start)].decode()

    def wanted(self) -> list[str]:
        """The functions that it must find elsewhere."""
        start, end = self.offset(self.rows[SYMTAB][0]), self.offset(self.rows[VERSYM][0])
        found = []
        for at in range(start, end - 23, 24):
            name, kind, _, section = self._at("<IBBH", at)
            if section == 0 and kind >> 4 == 1:
                found.append(self.text(name))
        return found

    def save(self, path: Path) -> None:
        """Write it as glibc's loader takes it."""
        address, at = self.rows[ANDROID_RELA]
        size, size_at = self.rows[ANDROID_RELASZ]
        start = self.offset(address)
        relocations = unpack(bytes(self.content[start : start + size]))
        self.content += bytes(-len(self.content) % PAGE)
        end = max(h[3] + h[6] for h in self.headers if h[0] == LOAD)
        own, length = end + -end % PAGE, len(relocations)
        # The header of the notes, which nobody reads, becomes that of the new part.
        [note] = [i for i, header in enumerate(self.headers) if header[0] == NOTE]
        assert all(h[0] != LOAD for h in self.headers[note:])
        part = (LOAD, 4, len(self.content), own, own, length, length, PAGE)
        HEADER.pack_into(self.content, self.start + HEADER.size * note, *part)
        self.content += relocations
        struct.pack_into("<QQ", self.content, at, RELA, own)
        struct.pack_into("<QQ", self.content, size_at, RELASZ, length)
        for tag in VERSIONS:
            struct.pack_into("<Q", self.content, self.rows[tag][1], IGNORED)
        path.write_bytes(self.content)


def make_standins(folder: Path, glibc: Path, library: Library | None = None) -> None:
    """Build what takes the place of Android's libraries.

    Args:
        folder: Where they go.
        glibc: The folder with glibc's.
        library: The library that must find what it wants in them; by default only a program does.
    """
    wanted = library.wanted() if library else []
    here = ctypes.CDLL(None)
    own = SOURCE.read_text()
    known = {"__sF"}
    missing = [n for n in wanted if not hasattr(here, n) and f"{n}(" not in own and n not in known]
    stubs = "".join(f"long {name}(void) {{ return 0; }}\n" for name in missing)
    (folder / "libc.c").write_text(own + stubs)
    (folder / "empty.c").write_text("")
    _compile(folder, "-c", "-fPIC", "libc.c", "-o", "libc.o")
    real = {"libc.so": "libc.so.6", "libdl.so": "libdl.so.2", "libm.so": "libm.so.6"}
    for name in sorted({*real, *(library.needed if library else ())}):
        parts = ["libc.o" if name == "libc.so" else "empty.c"]
        parts += [str(glibc / real[name])] if name in real else []
        options = ("-shared", "-nostdlib", "-Wl,--no-as-needed", f"-Wl,-soname,{name}")
        _compile(folder, *options, *parts, "-o", name)


def make_benchmark_model(folder: Path, *flags: str) -> Path:
    """Build what takes the place of LiteRT's benchmark_model, for Linux on x86-64."""
    words = ("-I", str(NATIVE), *flags, str(BENCHMARK_MODEL), "-ldl", "-o", "benchmark_model")
    _compile(folder, *words)
    return folder / "benchmark_model"


def _compile(folder: Path, *words: str) -> None:
    zig_cc(folder, "-target", "x86_64-linux-gnu.2.17", "-O1", "-w", *words)


def zig_cc(folder: Path, *words: str) -> None:
    """Run zig's C compiler in a folder; what it makes of C libraries is kept in tfprune's cache."""
    kept = {"ZIG_GLOBAL_CACHE_DIR": str(cache_folder() / "android/zig")}
    command = (sys.executable, "-m", "ziglang", "cc", *words)
    subprocess.run(command, cwd=folder, env={**os.environ, **kept}, check=True)
