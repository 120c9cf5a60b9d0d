"""Recognize the form of what a user passed: whole arrays, or elements that come one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune.data.nested import ArrayLike, is_leaf
from tfprune.data.wanted import FIX, Wanted
from tfprune.errors import PruneError, first_line
from tfprune.notes import Note

Element = tuple[Any, Any, Any]
"""Inputs, targets, sample weights, as the user nested them."""


@dataclass(kw_only=True)
class Source:
    """Data as a stream of elements.

    Args:
        elements: One or more `(inputs, targets, sample weights)`.
        form: What it is, in words: "an array", "a generator".
        whole: Whether there is one element that holds all rows.
        ends: Whether it is known to end.
        once: Whether it can be read only once.
    """

    elements: Iterator[Element]
    form: str
    whole: bool = False
    ends: bool = True
    once: bool = False


def source_of(data: Any, wanted: Wanted, notes: list[Note]) -> Source:
    """Return the elements of data in any form.

    Args:
        data: What `fit` takes; a path; or a function without arguments that returns or yields
            either.
        wanted: What it is for.
        notes: What is to be said of it is added here.

    Raises:
        PruneError: it has no form that is known, or no end.
    """
    if data is None:
        raise wanted.error("the data is missing")
    if isinstance(data, (str, Path)):
        from tfprune.data.paths import read_path

        return source_of(read_path(str(data), wanted, notes), wanted, notes)
    if _is("tensorflow", ("data", "Dataset"), data):
        return _dataset(data, wanted)
    if _is("keras", ("utils", "PyDataset"), data):
        return _py_dataset(data, wanted)
    if callable(data) and not isinstance(data, (Iterable, ArrayLike)):
        return source_of(_called(data, wanted), wanted, notes)
    if isinstance(data, (Mapping, tuple, ArrayLike)) or (isinstance(data, list) and is_leaf(data)):
        return Source(elements=iter([element_of(data, wanted)]), form=_words(data), whole=True)
    if isinstance(data, list):
        return _list(data, wanted)
    if isinstance(data, Iterable):
        elements = (element_of(element, wanted) for element in _told(data, wanted))
        once = isinstance(data, Iterator)
        return Source(elements=elements, form=_words(data), ends=isinstance(data, Sized), once=once)
    raise wanted.error(f"an object of type {type(data).__name__} holds no arrays")


def element_of(element: Any, wanted: Wanted) -> Element:
    """Return inputs, targets and sample weights of one element, as Keras tells them apart.

    A tuple is (inputs, targets, sample weights), all else is inputs (`keras.utils.
    unpack_x_y_sample_weight`). A model of several inputs cannot take one array alone: for it a
    tuple of as many arrays are its inputs.
    """
    if not isinstance(element, tuple):
        return element, None, None
    several = wanted.inputs is not None and len(wanted.inputs) > 1
    if several and len(element) == len(wanted.inputs or ()) and all(map(is_leaf, element)):
        return list(element), None, None
    if not 1 <= len(element) <= 3:
        found = f"a tuple of {len(element)}, not (inputs, targets, sample weights)"
        raise wanted.error(found, "pass several inputs as a list, or as a dict by input name")
    x, y, weights = (*element, None, None)[:3]
    return x, y, weights


def _list(data: list[Any], wanted: Wanted) -> Source:
    """Tell a list of a model's inputs from a list of batches or samples."""
    if not data:
        raise wanted.error("the data is empty")
    listed = wanted.inputs is None and all(map(is_leaf, data))
    if listed or (wanted.inputs is not None and _is_one_per_input(data, wanted)):
        return Source(elements=iter([(data, None, None)]), form="a list of arrays", whole=True)
    elements = (element_of(element, wanted) for element in data)
    return Source(elements=elements, form="a list")


def _is_one_per_input(data: list[Any], wanted: Wanted) -> bool:
    inputs = wanted.inputs or ()
    return len(data) == len(inputs) and all(isinstance(part, ArrayLike) for part in data)


def _dataset(data: Any, wanted: Wanted) -> Source:
    count = int(data.cardinality())
    if count == -1 and wanted.steps is None and wanted.rows is None:
        raise endless(wanted)
    elements = (element_of(e, wanted) for e in _told(data, wanted))
    return Source(elements=elements, form="a tf.data.Dataset", ends=count >= 0)


def _py_dataset(data: Any, wanted: Wanted) -> Source:
    count = data.num_batches
    if count is None and wanted.steps is None and wanted.rows is None:
        raise endless(wanted)
    batches = (data[i] for i in _numbers(count))
    elements = (element_of(e, wanted) for e in _told(batches, wanted))
    return Source(elements=elements, form="a PyDataset")


def endless(wanted: Wanted) -> PruneError:
    """Return the error for data that goes on for ever where nobody said how much to take."""
    fix = "say how many batches: dataset.take(20), or steps= or batches= where there is one"
    return wanted.error("the data repeats without end", fix)


def _numbers(count: int | None) -> Iterator[int]:
    number = 0
    while count is None or number < count:
        yield number
        number += 1


def _called(function: Callable[[], Any], wanted: Wanted) -> Any:
    try:
        return function()
    except Exception as error:
        name = getattr(function, "__name__", "the function")
        found = f"{name}() failed: {type(error).__name__}: {first_line(error)}"
        raise wanted.error(
            found, "pass a function without arguments that yields batches"
        ) from error


def _told(data: Iterable[Any], wanted: Wanted) -> Iterator[Any]:
    """Yield what an iterable yields; what the user's own code raises is told with what is done."""
    iterator, count = iter(data), 0
    while True:
        try:
            element = next(iterator)
        except StopIteration:
            return
        except PruneError:
            raise
        except Exception as error:
            found = f"reading element {count} failed: {type(error).__name__}: {first_line(error)}"
            raise wanted.error(found, FIX) from error
        yield element
        count += 1


def _is(module: str, path: tuple[str, ...], data: Any) -> bool:
    """Whether data is of a class of a package; if the package was never imported, it is not."""
    found: Any = sys.modules.get(module)
    for name in path:
        found = getattr(found, name, None)
    return isinstance(found, type) and isinstance(data, found)


def _words(data: Any) -> str:
    if isinstance(data, Iterator):
        return "a generator"
    if isinstance(data, tuple):
        return "a tuple"
    return "a dict" if isinstance(data, Mapping) else "an array"
