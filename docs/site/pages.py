"""Pages of the site that are written from the code: Python's names, the command line, recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import tfprune
from tfprune import recipes
from tfprune.files import write_text

GROUPS = {
    "The whole road": "advise compress sweep report evaluate",
    "Fewer channels, heads, layers": "plan_structured prune_structured plan_layers prune_layers "
    "repair recalibrate",
    "Zeros": "prune_low_magnitude prune_once plan_pruning strip_pruning prune_scope PrunableLayer "
    "UpdatePruningStep PruningSummaries PruningOptimizer PolynomialDecay ConstantSparsity "
    "PruningSchedule Block NM Rule PruningPolicy PruneForLatencyOnXNNPack make_sparse_ready",
    "Quantization and training": "quantize_model quantization_errors Distilled find_ticket",
    "Files": "convert inspect doctor verify golden_sample benchmark count_instructions",
    "Errors": "PruneError PruneWarning VerificationError",
}


def write_reference(folder: Path) -> None:
    """Write the reference's pages."""
    folder.mkdir(exist_ok=True)
    for name, page in (("python", python_page()), ("cli", cli_page()), ("recipe", recipe_page())):
        write_text(folder / f"{name}.md", page)


def python_page() -> str:
    """Return the page of every public name, from its docstring."""
    known = {name for names in GROUPS.values() for name in names.split()}
    rest = [n for n in tfprune.__all__ if n not in known and n[0] != "_"]
    classes = {n for n in (*known, *rest) if isinstance(getattr(tfprune, n), type)}
    parts = ["# Python", "Every public name, by what it is for."]
    for title, names in {**GROUPS, "More": " ".join(rest)}.items():
        parts.append(f"## {title}")
        for name in names.split():
            value = getattr(tfprune, name)
            kind = "autoclass" if name in classes else "autofunction"
            kind = "automodule" if hasattr(value, "__path__") else kind
            of = f"tfprune.{name}"
            members = "   :members:\n" if kind != "autofunction" else ""
            parts.append(f"```{{eval-rst}}\n.. {kind}:: {of}\n{members}```")
    return "\n\n".join(parts) + "\n"


def cli_page() -> str:
    """Return the page of the command line, from its parser."""
    asked = (
        ".. argparse::\n   :module: tfprune.cli.parser\n   :func: build_parser\n   :prog: tfprune"
    )
    return f"# Command line\n\n```{{eval-rst}}\n{asked}\n```\n"


def recipe_page() -> str:
    """Return the page of every setting, from the JSON Schema."""
    head = (
        "# Recipes\n\nEvery setting of `tfprune compress`, as `tfprune recipe` writes it; "
        "`tfprune recipe --schema` prints the JSON Schema that this page is made of."
    )
    schema = recipes.json_schema()
    return "\n".join([head, "", *_tables(schema, schema, "")]) + "\n"


def _tables(schema: Mapping[str, Any], section: Mapping[str, Any], path: str) -> Iterator[str]:
    section = _resolved(schema, section)
    yield from (f"## `{path}`" if path else "## At the top", "")
    yield from ("| setting | is | by default |", "|---|---|---|")
    inner = {}
    for name, field in section["properties"].items():
        if "properties" in _resolved(schema, field):
            inner[name] = field
            continue
        default = "" if field.get("default") is None else f"`{field['default']}`"
        yield f"| `{name}` | {field.get('description', '')} | {default} |"
    yield ""
    for name, field in inner.items():
        yield from _tables(schema, field, f"{path}.{name}" if path else name)


def _resolved(schema: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
    """Follow a reference to a definition."""
    return reduce(getitem, field["$ref"].split("/")[1:], schema) if "$ref" in field else field


def as_rest(lines: list[str]) -> None:
    """Turn a docstring's words and `code` into reStructuredText that says the same, in place."""
    for at, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = line.split("`")
            parts[::2] = [re.sub(r"[|*]", r"\\\g<0>", part) for part in parts[::2]]
            lines[at] = re.sub(r"(`[^`]+`)(?=\w)", r"\1\\ ", "`".join(parts))


def without_ways_out(text: str) -> str:
    """Name the Markdown files that a page links to outside of docs: they are no pages."""
    return re.sub(r"\[([^]]+)\]\(\.\./([\w/.-]+\.md)[^)]*\)", r"\1 (`\2`)", text)
