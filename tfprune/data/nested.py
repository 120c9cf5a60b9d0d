"""Arrays nested in tuples, lists and dicts, without asking Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class ArrayLike(Protocol):
    """What NumPy can read as an array: of NumPy, TensorFlow, JAX, PyTorch or pandas."""

    def __array__(self) -> NDArray[Any]: ...


def is_leaf(value: Any) -> bool:
    """Whether a value is an array or a number, not a container of arrays.

    Example:
        >>> is_leaf(np.ones(2)), is_leaf([1, [2, 3]]), is_leaf([np.ones(2)]), is_leaf({"a": 1})
        (True, True, False, False)
    """
    if isinstance(value, list):
        return bool(value) and all(
            _is_number(v) or (isinstance(v, list) and is_leaf(v)) for v in value
        )
    return isinstance(value, ArrayLike) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (np.generic, bool, int, float, str, bytes))


def leaves(value: Any) -> Iterator[Any]:
    """Yield the arrays in a nest."""
    if isinstance(value, Mapping):
        for own in value.values():
            yield from leaves(own)
    elif isinstance(value, (tuple, list)) and not is_leaf(value):
        for own in value:
            yield from leaves(own)
    elif value is not None:
        yield value


def mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Return a nest like `first` of what the function makes of the leaves; None stays None.

    Example:
        >>> mapped(lambda a, b: a + b, {"a": 1, "b": (2,)}, {"a": 10, "b": (20,)})
        {'a': 11, 'b': (22,)}
    """
    if first is None:
        return None
    if isinstance(first, Mapping):
        return {k: mapped(function, v, *(o[k] for o in others)) for k, v in first.items()}
    if isinstance(first, (tuple, list)) and not is_leaf(first):
        found = [mapped(function, *own) for own in zip(first, *others, strict=True)]
        return tuple(found) if isinstance(first, tuple) else found
    return function(first, *others)
