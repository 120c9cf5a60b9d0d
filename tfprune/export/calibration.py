"""The samples that the converter feeds a model to find its ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
from numpy.typing import NDArray

from tfprune.data import Batches, Input, Wanted
from tfprune.errors import PruneError, first_line
from tfprune.graph import functional, inputs_of, interpret, is_graph, outputs_of
from tfprune.notes import Note

Sample = dict[str, NDArray[Any]]
_MOST = 2_000
"""They lie in memory together: of a generator no more are taken. TensorFlow advises 100 to 500."""
_ONE = "one sample only: ranges that other samples leave are cut off; pass 100 to 500"


def samples(
    data: Any, inputs: tuple[Any, ...], model: Any = None
) -> tuple[list[Sample], tuple[Note, ...]]:
    """Return one `{input name: array}` for each calibration run, and what is to be said of them.

    Args:
        data: What `fit` takes, or a path: see `tfprune.data.Batches`. Targets are not used.
        inputs: The specs of the model's inputs. A fixed batch size splits larger batches.
        model: The Keras model, if there is one; its names for the inputs are the user's.

    Raises:
        PruneError: there is no data, or it does not fit the inputs.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> spec = SimpleNamespace(name="x", shape=(1, 2), dtype="float32")
        >>> found, _ = samples(np.array([[1, 2], [3, 4]]), (spec,))
        >>> [sample["x"].tolist() for sample in found]
        [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    asked = "calibrate with representative_dataset"
    batches = Batches(
        data,
        Wanted(asked=asked, inputs=_wanted(inputs, model), outputs=outputs_of(model), bound=_MOST),
    )
    names = [spec.name for spec in inputs]
    found = [dict(zip(names, batch.inputs.values(), strict=True)) for batch in batches]
    _check_maps(model, list(found[0].values()), asked)
    single = len(found) == 1 and len(found[0][names[0]]) == 1
    one = [Note("representative_dataset", _ONE)] if single else []
    return found, (*batches.notes, *one)


def _check_maps(model: Any, sample: list[NDArray[Any]], asked: str) -> None:
    """Refuse a sample that makes an empty map: TensorFlow's calibrator divides by its size."""
    if not is_graph(model):
        return
    net = functional(model)
    known = all(None not in tensor.shape[1:] for tensor in net.inputs)
    if known or len(net.inputs) != len(sample):
        return  # where all sizes are known Keras has refused it

    def call(node: Any, args: Any, kwargs: Any) -> Any:
        name = node.operation.name
        try:
            made = node.operation(*args, **kwargs)
        except Exception as error:
            raise _too_small(asked, f"{name!r} cannot compute it: {first_line(error)}") from error
        for tensor in keras.tree.flatten(made):
            if 0 in tuple(tensor.shape):
                raise _too_small(asked, f"{name!r} makes an empty {tuple(tensor.shape)} of it")
        return made

    interpret(net, list(map(keras.ops.convert_to_tensor, sample)), call)


def _too_small(asked: str, found: str) -> PruneError:
    return PruneError(asked, f"the first sample is too small: {found}", "pass larger inputs")


def _wanted(inputs: tuple[Any, ...], model: Any) -> tuple[Input, ...]:
    """Return what is converted, with the names and the knowledge of the Keras model."""
    known = inputs_of(model) or ()
    converted = [
        Input(
            name=spec.name, shape=tuple(spec.shape), dtype=getattr(spec.dtype, "name", spec.dtype)
        )
        for spec in inputs
    ]
    if len(known) != len(converted):
        return tuple(converted)
    return tuple(
        replace(own, shape=spec.shape, dtype=spec.dtype, aliases=(*own.aliases, spec.name))
        for own, spec in zip(known, converted, strict=True)
    )
