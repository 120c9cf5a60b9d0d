"""One short word for a value, a file or a function: equal words, equal content."""

from __future__ import annotations

import hashlib
import inspect
import json
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_READ_WHOLE = 2**26
"""Files up to 64 MiB are told apart by their content, larger ones by size and time of change."""


def digest(value: Any) -> str:
    """Return a word of 64 hexadecimal digits that changes with the value.

    Args:
        value: Numbers, text, None, arrays, paths (a file by its content, a folder by the names,
            sizes and times of its files), and lists, tuples and dicts of them.

    Raises:
        TypeError: a value of another kind: its address would not survive the process.

    Example:
        >>> digest({"ratio": 0.5})[:8]
        '1482589f'
        >>> digest({"ratio": 0.5}) == digest({"ratio": 0.25})
        False
    """
    word = hashlib.sha256()
    for part in _parts(value):
        word.update(len(part).to_bytes(8, "little"))
        word.update(part)
    return word.hexdigest()


def source_of(function: Callable[..., Any]) -> str:
    """Return what tells a user's function from another: its name and, where it is known, its code.

    Example:
        >>> def double(x): return 2 * x
        >>> source_of(double).startswith("double")
        True
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    try:
        return f"{name}\n{inspect.getsource(function)}"
    except (OSError, TypeError):  # typed into a session, or made by a class
        code = getattr(function, "__code__", None)
        does = "" if code is None else f"\n{_instructions(code)}"
        return f"{getattr(function, '__module__', '')}.{name}{does}"


def _instructions(code: types.CodeType) -> str:
    """Return what compiled code does, without the addresses of the code inside it."""
    inner = (
        _instructions(one) if isinstance(one, types.CodeType) else repr(one)
        for one in code.co_consts
    )
    return f"{code.co_code.hex()} {code.co_names} {' '.join(inner)}"


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, Mapping):
        yield b"dict"
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from _parts(value[key])
    elif isinstance(value, (list, tuple)):
        yield f"list {len(value)}".encode()
        for own in value:
            yield from _parts(own)
    elif isinstance(value, Path):
        yield from _place(value)
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.ascontiguousarray(value)
        yield f"array {array.dtype} {array.shape}".encode()
        yield repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    elif value is None or isinstance(value, (bool, int, float, str)):
        yield json.dumps(value).encode()
    else:
        raise TypeError(f"no lasting word for a {type(value).__name__}")


def _place(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        yield b"folder"
        for file in sorted(path.rglob("*")):
            if file.is_file():
                about = file.stat()
                name = file.relative_to(path).as_posix()
                yield f"{name} {about.st_size} {about.st_mtime_ns}".encode()
        return
    about = path.stat()
    yield b"file"
    if about.st_size > _READ_WHOLE:
        yield f"{about.st_size} {about.st_mtime_ns}".encode()
    else:
        yield path.read_bytes()
