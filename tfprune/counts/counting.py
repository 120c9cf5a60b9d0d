"""count: parameters, multiply-accumulates and activations of a Keras model."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.counts.calls import CountedCall
from tfprune.counts.inputs import sample_call
from tfprune.counts.records import Counts
from tfprune.counts.shapes import Uncounted
from tfprune.counts.tally import Tally
from tfprune.errors import PruneError
from tfprune.graph import functional, is_graph
from tfprune.notes import Note


def count(model: Any, input_shape: Any = None) -> Counts:
    """Count the parameters, multiply-accumulates and activations of a model for one sample.

    A multiply-accumulate (MAC) is one multiplication and the addition that follows; in FLOPs
    some papers count it once, some twice. Kernels count, at padded positions too, and products of
    two tensors, as in attention. Biases, activations, normalization, pooling, resizing and
    elementwise operations count zero, and so does the lookup of an Embedding. For convolutions,
    transposed ones included, matrix products and einsum this is fvcore's convention
    (fvcore/nn/jit_handles.py: "only multiplication is counted"); fvcore also counts one to five
    operations for each element that is normalized.

    Nothing is run: shapes are read from the model's graph, and the code of layers made of others
    is called on symbolic tensors.

    Args:
        model: A built Keras model: Functional, Sequential or subclassed.
        input_shape: The shape of one sample, where the model leaves sizes open or was built for
            another: `(224, 224, 3)`; for several inputs a list of shapes or a dict by input name.

    Returns:
        `Counts`: one row for each layer that computes (layers inside nested models and composite
        layers each have their own; what a composite layer does itself is one row of its name), and
        the sums.

    Raises:
        PruneError: no Keras model, not built, or it does not take `input_shape`.

    Example:
        >>> model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(8, 3, name="c")])
        >>> [(row.name, row.output_shape, row.params, row.macs) for row in count(model).rows]
        [('c', (2, 2, 8), 224, 864)]
    """
    tally = _tally(model, input_shape)
    tally.add_parameters()
    notes = list(tally.notes)
    if tally.open_sizes:
        notes.append(Note(model.name, _open_sizes(model, tally.open_sizes)))
    return Counts(tally.rows, tuple(notes))


def macs_by_kernel(model: Any, input_shape: Any = None) -> dict[int, int]:
    """Return the multiply-accumulates of each kernel for one sample, summed over all its calls.

    They are proportional to each axis of a kernel: half the channels, half the MACs.

    Args:
        model: A built Keras model.
        input_shape: As in `count`.

    Returns:
        `id(variable)` → MACs. A kernel is missing if its MACs can't be known; `count` says why.

    Raises:
        PruneError: no Keras model, not built, or it does not take `input_shape`.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> macs_by_kernel(model)[id(model.layers[0].kernel)]
        8
    """
    return kernel_macs(model, input_shape)[0]


def kernel_macs(model: Any, input_shape: Any = None) -> tuple[dict[int, int], tuple[Note, ...]]:
    """Return `macs_by_kernel`, and the layers with weights that wait for a size, each with why.

    Args:
        model: A built Keras model.
        input_shape: As in `count`.

    Raises:
        PruneError: no Keras model, not built, or it does not take `input_shape`.

    Example:
        >>> model = keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(2, name="head")])
        >>> [str(note) for note in kernel_macs(model)[1]]
        ['head: a size is open until data comes']
        >>> kernel_macs(model, (8, 4))[1]
        ()
    """
    tally = _tally(model, input_shape)
    return tally.kernel_macs, tuple(Note(*row) for row in tally.open_kernels.items())


def _tally(model: Any, input_shape: Any) -> Tally:
    if not isinstance(model, keras.Model):
        raise PruneError(
            f"count {type(model).__name__}", "it is no Keras model", "give a keras.Model"
        )
    if not model.built:
        raise PruneError(
            f"count the model {model.name!r}",
            "it has no weights yet",
            "build it first: model.build(input_shape), or start it with keras.Input(shape)",
        )
    tally = Tally(model)
    try:
        call = sample_call(model, input_shape)
    except Uncounted as reason:
        tally.refuse(CountedCall(model, (), {}, []), reason)
    else:
        tally.add(call)
    return tally


def _open_sizes(model: Any, calls: int) -> str:
    where = f"MACs not counted where sizes are open (calls: {calls}): give input_shape"
    if not is_graph(model):
        return f"{where}, the shape of one sample"
    own = ", ".join(str(tuple(tensor.shape[1:])) for tensor in functional(model).inputs)
    return f"{where}, the shape of one sample, for {own}"
