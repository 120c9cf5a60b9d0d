"""What .class files offer: a reader for their few tables that are needed.

Source: The Java Virtual Machine Specification, chapter 4.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True, order=True)
class Member:
    """A method or field; `owner` as in `android/view/View`, `kind` its descriptor."""

    owner: str
    name: str
    kind: str

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}{' ' if self.kind[0] != '(' else ''}{self.kind}"


@dataclass
class Class:
    """What a class declares."""

    name: str
    parents: tuple[str, ...]
    members: set[tuple[str, str]] = field(default_factory=set)


class ClassPath:
    """Classes in .jar files and folders, read when they are asked for."""

    def __init__(self, *places: Path) -> None:
        self._jars = [zipfile.ZipFile(place) for place in places if place.is_file()]
        self._folders = [place for place in places if place.is_dir()]

    @cache  # noqa: B019 - lives as long as the tests
    def find(self, name: str) -> Class | None:
        """Return the class of this name, or None."""
        for jar in self._jars:
            if f"{name}.class" in jar.NameToInfo:
                return read_class(jar.read(f"{name}.class"))
        for folder in self._folders:
            if (folder / f"{name}.class").exists():
                return read_class((folder / f"{name}.class").read_bytes())
        return None

    def offers(self, member: Member) -> bool:
        """Whether the member is declared by its owner or by what that is derived from."""
        owner = self.find(member.owner)
        if owner is None:
            return False
        if (member.name, member.kind) in owner.members:
            return True
        return any(self.offers(Member(up, member.name, member.kind)) for up in owner.parents)


def read_class(content: bytes) -> Class:
    """Read what a .class file declares; private members count, too."""
    names, at = _constants(content)
    _, own, parent, interfaces = struct.unpack_from(">4H", content, at)
    ups = struct.unpack_from(f">{interfaces}H", content, at + 8)
    at += 8 + 2 * interfaces
    parents = tuple(names[names[up]] for up in (parent, *ups) if up)
    found = Class(names[names[own]], parents)
    for _ in range(2):  # fields, then methods
        (count,) = struct.unpack_from(">H", content, at)
        at += 2
        for _ in range(count):
            _, name, kind, attributes = struct.unpack_from(">4H", content, at)
            found.members.add((names[name], names[kind]))
            at += 8
            for _ in range(attributes):
                (size,) = struct.unpack_from(">I", content, at + 2)
                at += 6 + size
    return found


_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4}
_TEXT, _CLASS, _LONG, _DOUBLE = 1, 7, 5, 6


def _constants(content: bytes) -> tuple[dict[int, str | int], int]:
    """Return the texts, and the texts' numbers for class names, and where the table ends."""
    (count,) = struct.unpack_from(">H", content, 8)
    found: dict[int, str | int] = {}
    at, index = 10, 1
    while index < count:
        tag = content[at]
        (number,) = struct.unpack_from(">H", content, at + 1)
        if tag == _TEXT:
            found[index] = content[at + 3 : at + 3 + number].decode("utf-8", "replace")
            at += 3 + number
        elif tag == _CLASS:
            found[index] = number
            at += 3
        else:
            at += 1 + _SIZES[tag]
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    return found, at
