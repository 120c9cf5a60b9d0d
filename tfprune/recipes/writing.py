"""Recipe → commented YAML, and the JSON Schema that editors complete by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from tfprune.recipes.recipe import Recipe

_HEAD = "# A recipe for `tfprune run`. What is left out keeps the value shown here.\n"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of recipes; `tfprune recipe --schema` prints it.

    Example:
        >>> json_schema()["$ref"]
        '#/$defs/Recipe'
    """
    return msgspec.json.schema(Recipe)


def yaml_of(recipe: Recipe) -> str:
    """Return a recipe as YAML, each setting with a comment that says what it is.

    Example:
        >>> print(yaml_of(Recipe(seed=3)).splitlines()[-1])
        seed: 3                              # of everything drawn at random
    """
    return _HEAD + "\n".join(_lines(recipe, "")) + "\n"


def _lines(section: Any, indent: str) -> Iterator[str]:
    hints = get_type_hints(type(section), include_extras=True)
    for name in section.__struct_fields__:
        value = getattr(section, name)
        if isinstance(value, msgspec.Struct):
            yield f"{indent}{name}:  # {(type(value).__doc__ or '').splitlines()[0]}"
            yield from _lines(value, indent + "  ")
        else:
            setting = f"{indent}{name}: {_scalar(value)}"
            yield f"{setting:<36} # {_description(hints[name])}"


def _scalar(value: Any) -> str:
    """Return a value as YAML reads it back: JSON is YAML."""
    return msgspec.json.encode(value).decode()


def _description(hint: Any) -> str:
    """Return the sentence that stands in an annotation, at whatever depth."""
    if get_origin(hint) is Annotated:
        for meta in get_args(hint)[1:]:
            if isinstance(meta, msgspec.Meta) and meta.description:
                return meta.description
    return ""
