"""What a .dex file declares and calls: a reader for its few tables that are needed.

Source: source.android.com, "Dalvik executable format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.android_app.class_files import Class, Member


@dataclass(frozen=True)
class Dex:
    """The classes of a .dex file, and every member that its code refers to."""

    classes: dict[str, Class]
    used: frozenset[Member]


def read_dex(path: Path) -> Dex:
    """Read the tables of a .dex file."""
    return _DexReader(path.read_bytes()).read()


class _DexReader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.strings = [self._string(at) for (at,) in self._table(56, "<I")]
        self.types = [_plain(self.strings[i]) for (i,) in self._table(64, "<I")]
        self.kinds = [self._kind(row) for row in self._table(72, "<III")]
        self.fields = [self._field(row) for row in self._table(80, "<HHI")]
        self.methods = [self._method(row) for row in self._table(88, "<HHI")]

    def read(self) -> Dex:
        classes = [self._class(row) for row in self._table(96, "<8I")]
        used = frozenset(self.fields + self.methods)
        return Dex({one.name: one for one in classes}, used)

    def _table(self, header: int, layout: str) -> Iterator[tuple[int, ...]]:
        count, start = struct.unpack_from("<II", self.content, header)
        end = start + count * struct.calcsize(layout)
        return struct.iter_unpack(layout, self.content[start:end])

    def _string(self, at: int) -> str:
        _, start = self._number(at)
        return self.content[start : self.content.index(b"\0", start)].decode("utf-8", "replace")

    def _number(self, at: int) -> tuple[int, int]:
        """Return a number in 7-bit groups, and where the next one begins."""
        value = shift = 0
        while True:
            byte = self.content[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    def _list(self, at: int) -> list[str]:
        if not at:
            return []
        (count,) = struct.unpack_from("<I", self.content, at)
        return [self.types[i] for i in struct.unpack_from(f"<{count}H", self.content, at + 4)]

    def _kind(self, row: tuple[int, ...]) -> str:
        _, returned, arguments = row
        words = [_descriptor(name) for name in self._list(arguments)]
        return f"({''.join(words)}){_descriptor(self.types[returned])}"

    def _field(self, row: tuple[int, ...]) -> Member:
        owner, kind, name = row
        return Member(self.types[owner], self.strings[name], _descriptor(self.types[kind]))

    def _method(self, row: tuple[int, ...]) -> Member:
        owner, kind, name = row
        return Member(self.types[owner], self.strings[name], self.kinds[kind])

    def _class(self, row: tuple[int, ...]) -> Class:
        own, _, parent, interfaces, _, _, data, _ = row
        found = Class(self.types[own], (self.types[parent], *self._list(interfaces)))
        if data:
            counts = []
            for _ in range(4):
                count, data = self._number(data)
                counts.append(count)
            for count, table, numbers in zip(
                counts, [self.fields] * 2 + [self.methods] * 2, (2, 2, 3, 3), strict=True
            ):
                data = self._declared(found, count, table, numbers, data)
        return found

    def _declared(
        self, found: Class, count: int, table: list[Member], numbers: int, at: int
    ) -> int:
        """Add `count` members, each of so many numbers, the first being a step in `table`."""
        index = 0
        for _ in range(count):
            step, at = self._number(at)
            for _ in range(numbers - 1):
                _, at = self._number(at)
            index += step
            found.members.add((table[index].name, table[index].kind))
        return at


def _plain(descriptor: str) -> str:
    return descriptor[1:-1] if descriptor[0] == "L" else descriptor


def _descriptor(name: str) -> str:
    return name if name[0] == "[" or len(name) == 1 else f"L{name};"
