"""What a room says in the words of Python, said in the words of the command line."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Mapping
from typing import Any

# Arguments of functions that the command line calls otherwise.
_OTHERWISE = {
    "representative_dataset": ("representative_data", "data"),
    "xnnpack": ("no_xnnpack",),
    "data": ("recalibrate",),
    "path": ("output",),
}
_ARGUMENT = re.compile(
    r"\b(\w+)=(\"[^\"]*\"|'[^']*'|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|"
    r"[\w+-]+(?:[./][\w+-]+)*(?:\[[^\]]*\])?)"
)
_NAME = re.compile(r"(?<![\w.-])[a-z]+(?:_[a-z]+)+(?![\w(])")
_CALL = re.compile(r"\btfprune\.(\w+)\([^()]*\)")

Options = Mapping[str, argparse.Action]


def options_of(verb: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the options of a verb by the names that Python's arguments have."""
    named = {action.dest: action for action in verb._actions if action.option_strings}
    for name, others in _OTHERWISE.items():
        for other in others:
            if other in named and name not in named:
                named[name] = named[other]
    return named


def spoken(text: str, options: Options) -> str:
    """Return text in which arguments of Python are options of the command line.

    Example:
        >>> verb = argparse.ArgumentParser()
        >>> _ = verb.add_argument("--keep-float", action="append")
        >>> spoken("use keep_float=['head', 'stem']", options_of(verb))
        'use --keep-float head --keep-float stem'
    """

    def say(found: re.Match[str]) -> str:
        option = options.get(found[1])
        return found[0] if option is None else _said(option, found[1], found[2])

    def name(found: re.Match[str]) -> str:
        option = options.get(found[0])
        return found[0] if option is None else _longest(option)

    return _NAME.sub(name, _ARGUMENT.sub(say, _CALL.sub(_command, text)))


def _command(found: re.Match[str]) -> str:
    """Return the command for a call of Python; its arguments are for the reader to choose."""
    from tfprune.cli.verbs import VERBS

    verb = found[1].replace("_", "-")
    return f"`tfprune {verb}`" if verb in VERBS else found[0]


def _said(option: argparse.Action, name: str, written: str) -> str:
    word = _longest(option)
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError):  # a variable of a user's script
        return f"{word} inputs.npy" if option.metavar == "DATA" else f"{word} {written}"
    if option.nargs == 0:
        return word if bool(value) != word.startswith("--no-") else f"no {word}"
    if isinstance(value, (list, tuple)) and all(isinstance(one, int) for one in value):
        return f"{word} {'x'.join(map(str, value))}"
    if isinstance(value, dict):
        value = [f"{key}={one}" for key, one in value.items()]
    values = value if isinstance(value, (list, tuple)) else [value]
    return " ".join(f"{word} {shlex.quote(_word(one))}" for one in values)


def _longest(option: argparse.Action) -> str:
    return max(option.option_strings, key=len)


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "none"}[value]
    return str(value)
