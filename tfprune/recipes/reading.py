"""YAML or arguments → Recipe, with errors that point at line and column."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from tfprune import files
from tfprune.errors import FileError, PruneError, first_line, near
from tfprune.recipes.recipe import Recipe

_MOST = 2**20
_AT = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read a recipe from a YAML file.

    Args:
        path: As `tfprune recipe model.keras > recipe.yaml` writes it; what it leaves out has the
            value that `tfprune recipe` shows.

    Raises:
        FileError: there is no such file, or it is no YAML.
        PruneError: a key or a value is wrong; the error says where it stands, and what is near.
    """
    asked = f"read the recipe {path}"
    return _converted(_parsed(_content(Path(path), asked), asked), asked)


def recipe_of(settings: Mapping[str, Any], asked: str = "compress") -> Recipe:
    """Return the recipe of nested settings, `{"budget": {"macs": 0.5}}`.

    Raises:
        PruneError: a key or a value is wrong.

    Example:
        >>> recipe_of({"budget": {"macs": 0.5}}).budget.macs
        0.5
    """
    return _converted(settings, asked)


def _content(path: Path, asked: str) -> str:
    if not path.exists():
        fix = f"write one: tfprune recipe model.keras > {path}"
        raise FileError(asked, "there is no such file", fix)
    size = files.check_regular(path, asked)
    if size > _MOST:
        raise FileError(asked, f"it has {size:,} bytes", "a recipe has a page or two")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(
            asked, f"it is no text in UTF-8: {first_line(error)}", "save it so"
        ) from error


def _parsed(content: str, asked: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt").load(content)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise FileError(asked, f"{place}{error.problem}", "mend the YAML there") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise FileError(asked, f"it is no YAML: {first_line(error)}", "mend it") from error
    return {} if tree is None else tree


def _converted(tree: Any, asked: str) -> Recipe:
    if not isinstance(tree, Mapping):
        found = f"it holds {type(tree).__name__.lower()}, not keys with values"
        raise PruneError(asked, found, "tfprune recipe model.keras shows one")
    try:
        return msgspec.convert(_plain(tree), Recipe)
    except msgspec.ValidationError as error:
        raise _told(error, tree, asked) from error


def _plain(value: Any) -> Any:
    """Return what the YAML reader made as plain dicts, lists and numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(own) for own in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _told(error: msgspec.ValidationError, tree: Any, asked: str) -> PruneError:
    said = str(error)
    at = _AT.search(said)
    path = [] if at is None else [part for part in re.split(r"[.\[\]]+", at["path"]) if part]
    problem = _AT.sub("", said)
    unknown = _UNKNOWN.search(problem)
    if unknown is None:
        place, key = _place(tree, path), ".".join(path)
        choices = _choices(path)
        fix = f"use {near(str(_at(tree, path)), choices)}" if choices else f"change {key or 'it'}"
        return PruneError(asked, f"{place}{key}: {_lower(problem)}", fix)
    place = _place(tree, [*path, unknown["key"]])
    name = ".".join([*path, unknown["key"]])
    known = near(unknown["key"], _fields(path))
    return PruneError(asked, f"{place}there is no setting {name}", f"it has {known}")


def _place(tree: Any, path: list[str]) -> str:
    """Return "line 3, column 5: " for what the YAML reader remembers, nothing for arguments."""
    where = None
    for name in path:
        marks = getattr(tree, "lc", None)
        key: Any = int(name) if isinstance(tree, (list, tuple)) else name
        if marks is not None and marks.data and key in marks.data:
            where = marks.data[key][:2]
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            break
    return "" if where is None else f"line {where[0] + 1}, column {where[1] + 1}: "


def _at(tree: Any, path: list[str]) -> Any:
    for name in path:
        tree = tree[int(name) if isinstance(tree, (list, tuple)) else name]
    return tree


def _choices(path: list[str]) -> list[str]:
    """Return the words that a setting may be, where it may not be any."""
    hint: Any = Recipe
    for name in path:
        if not name.isdigit() and isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            hint = get_type_hints(hint)[name]
    return [word for word in _literals(hint) if isinstance(word, str)]


def _literals(hint: Any) -> list[Any]:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [word for own in get_args(hint) for word in _literals(own)]


def _fields(path: list[str]) -> tuple[str, ...]:
    section: Any = Recipe()
    for name in path:
        section = getattr(section, name)
    return tuple(section.__struct_fields__)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].replace("`", "")
