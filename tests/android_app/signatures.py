"""The signatures of API 36, as chaquopy-stubs-android writes them down for Python."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.android_app.class_files import Member


@dataclass
class Signatures:
    """The members of one class: name → how many arguments; -1 is a field."""

    parents: tuple[str, ...]
    members: dict[str, set[int]] = field(default_factory=dict)


class Api:
    """All classes of one version of Android, but for java.*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offers(self, member: Member) -> bool:
        """Whether the class or one it is derived from has such a member, types aside."""
        name = "__init__" if member.name == "<init>" else member.name
        count = len(_arguments(member.kind)) if member.kind[0] == "(" else -1
        return self._has(member.owner.replace("$", "/"), name, count)

    def _has(self, path: str, name: str, count: int) -> bool:
        found = self._find(path)
        if found is None:
            return False
        if count in found.members.get(name, ()):
            return True
        return name != "__init__" and any(self._has(up, name, count) for up in found.parents)

    @cache  # noqa: B019 - lives as long as the tests
    def _find(self, path: str) -> Signatures | None:
        """Return the class `android/view/View/OnClickListener`: a package, then class in class."""
        parts = path.split("/")[1:]
        cut = next((i for i, part in enumerate(parts) if part[0].isupper()), len(parts))
        body: list[ast.stmt] = self._package("/".join(parts[:cut]))
        found = None
        for name in parts[cut:]:
            found = next((n for n in body if isinstance(n, ast.ClassDef) and n.name == name), None)
            if found is None:
                return None
            body = found.body
        return _read(found, path) if found else None

    @cache  # noqa: B019
    def _package(self, name: str) -> list[ast.stmt]:
        path = self.folder / name / "__init__.pyi"
        return ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []


def _read(found: ast.ClassDef, path: str) -> Signatures:
    package = path[: path.rindex("/")]
    names = [ast.unparse(base).split("[")[0] for base in found.bases]
    ups = [name.replace(".", "/") if "." in name else f"{package}/{name}" for name in names]
    own = Signatures(tuple(up for up in ups if up.startswith("android/")))
    for line in found.body:
        if isinstance(line, ast.FunctionDef):
            static = any("staticmethod" in ast.unparse(one) for one in line.decorator_list)
            taken = [*line.args.posonlyargs, *line.args.args, *filter(None, [line.args.vararg])]
            own.members.setdefault(line.name, set()).add(len(taken) - (not static))
        elif isinstance(line, ast.AnnAssign):
            own.members.setdefault(ast.unparse(line.target), set()).add(-1)
    return own


def _arguments(kind: str) -> list[str]:
    """Return the types in a descriptor.

    Example:
        >>> _arguments("(ILandroid/view/View;[F)V")
        ['I', 'Landroid/view/View;', '[F']
    """
    found, at = [], 1
    while kind[at] != ")":
        start = at
        while kind[at] == "[":
            at += 1
        at = kind.index(";", at) + 1 if kind[at] == "L" else at + 1
        found.append(kind[start:at])
    return found
