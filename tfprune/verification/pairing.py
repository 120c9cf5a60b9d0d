"""Which input and output of the file is which of Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfprune.errors import VerificationError
from tfprune.notes import Note
from tfprune.runners import TensorSpec

Shape = tuple[int | None, ...]


def pair(
    side: str, wanted: Mapping[str, Shape], specs: Sequence[TensorSpec], path: str
) -> tuple[dict[str, int], tuple[Note, ...]]:
    """Find for each Keras name the position in the file.

    By the names in the file's signature, of which several may stand for one tensor; else by
    shape, if all shapes differ; else by position, with a note.

    Args:
        side: `"inputs"` or `"outputs"`, for messages.
        wanted: Keras' names and shapes, in Keras' order; None fits any size.
        specs: The file's tensors.
        path: The file, for messages.

    Raises:
        VerificationError: the counts or the shapes differ: the file is of another model.

    Example:
        >>> specs = [TensorSpec(name=f"{n}:0", shape=(1, 2), dtype="float32", signature=n)
        ...          for n in "ba"]
        >>> pair("inputs", {"a": (1, 2), "b": (1, 2)}, specs, "model.tflite")[0]
        {'a': 1, 'b': 0}
    """
    named = {name for spec in specs for name in spec.names}
    if len(wanted) not in (len(specs), len(named)):
        count = max(len(specs), len(named))
        raise _another_model(path, side, f"{count} {side}, Keras has {len(wanted)}")
    places, notes = _places(side, wanted, specs, path)
    for name, shape in wanted.items():
        spec = specs[places[name]]
        if not _fits(shape, spec):
            words = f"{side[:-1]} {name!r} of shape {spec.shape}, in Keras it is {shape}"
            raise _another_model(path, side, words)
    return places, notes


def _places(
    side: str, wanted: Mapping[str, Shape], specs: Sequence[TensorSpec], path: str
) -> tuple[dict[str, int], tuple[Note, ...]]:
    by_name = {name: i for i, spec in enumerate(specs) for name in spec.names}
    if set(by_name) == set(wanted):
        return {name: by_name[name] for name in wanted}, ()
    if len(specs) == 1:
        return dict.fromkeys(wanted, 0), ()
    fitting = {n: [i for i, s in enumerate(specs) if _fits(w, s)] for n, w in wanted.items()}
    if all(len(places) == 1 for places in fitting.values()):
        return {name: places[0] for name, places in fitting.items()}, ()
    names = [spec.signature or spec.name for spec in specs]
    reason = f"the file calls its {side} {names}, Keras {list(wanted)}: paired by position"
    return {name: i for i, name in enumerate(wanted)}, (Note(path, reason),)


def _fits(shape: Shape, spec: TensorSpec) -> bool:
    return len(shape) == len(spec.shape) and all(
        axis in spec.open_axes or wanted in (None, found)
        for axis, (wanted, found) in enumerate(zip(shape, spec.shape, strict=True))
    )


def _another_model(path: str, side: str, found: str) -> VerificationError:
    return VerificationError(
        f"verify {path}",
        f"the file has {found}",
        "compare it with the model it was converted from, or convert this model again",
    )
