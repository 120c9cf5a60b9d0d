"""Ask the doctor about a Keras model: convert it, judge the file, name the layers of its ops."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tfprune.diagnosis import Finding
from tfprune.diagnosis.obstacles import obstacles
from tfprune.diagnosis.parts import Graph, graphs_of
from tfprune.export import converter, saved_model
from tfprune.export.quiet import quiet
from tfprune.keras_internals import maker
from tfprune.linking.layer_ops import layer_ops
from tfprune.runtimes import INPUT_MULTIPLE
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.reading import read_tflite


def why_not_sparse(model: Any) -> tuple[Finding, ...]:
    """Return what would keep a model's .tflite from running sparse on ARM, however it is pruned.

    The model is converted as `convert` does it, and the doctor judges the file as if its weights
    were zero and stored sparse; nothing runs. So a model is judged by what it becomes: layers that
    inference drops or fuses are no obstacle.

    Args:
        model: A built Keras model, wrapped for pruning or not; it is not changed.

    Returns:
        One finding for each obstacle, in the order of the ops; its subject is the layer's name, an
        input's, or the model's. None: it can run sparse.

    Raises:
        PruneError: the model is not built, or the converter refuses it.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> [finding] = why_not_sparse(model)
        >>> finding.rule, finding.found
        ('entry', 'has no convolution')
    """
    with tempfile.TemporaryDirectory(prefix="tfprune-") as folder:
        with quiet():
            exported = saved_model.export(model, folder, 1, None)
        tflite = read_tflite(converter.run(folder, converter.Settings(None, "float32", ())))
    graphs = graphs_of(tflite, as_if_sparse=True)
    named = _Named(exported.model, tflite, graphs)
    found = [named.by_layer(f) for f in obstacles(graphs) if f.rule != "zeros"]
    # One size may give several layers an odd map: the first of them says enough.
    first = {(f.subject, f.rule if f.rule == "size" else f): f for f in reversed(found)}
    return tuple(reversed(first.values()))


class _Named:
    """The findings on a file in the words of the model that it was made of."""

    def __init__(self, model: Any, tflite: TFLiteModel, graphs: tuple[Graph, ...]) -> None:
        self._model = model
        self._tensors = tflite.tensors
        self._ops: dict[str, Op] = {g.view.label(op): op for g in graphs for op in g.view.ops}
        self._names = {
            op.index: found.name for found in layer_ops(model, tflite) for op in found.ops
        }

    def by_layer(self, finding: Finding) -> Finding:
        """Return a finding about a layer, an input or the model in place of an op or the file."""
        op = self._ops.get(finding.subject)
        if op is None:
            return replace(finding, subject=self._model.name)
        name = self._names[op.index]
        if finding.rule == "padding" and self._reads_odd_map(op):
            return next(self._sizes(name), finding)
        return replace(finding, subject=name, found=f"becomes {op.name}, which {finding.found}")

    def _reads_odd_map(self, op: Op) -> bool:
        return any(size % 2 for size in self._tensors[op.inputs[0]].shape[1:3])

    def _sizes(self, layer: str) -> Iterator[Finding]:
        """Yield a finding for each image whose size gives a layer of stride 2 an odd map."""
        for tensor in self._model.inputs:
            if len(tensor.shape) == 4:
                name = maker(tensor).name
                yield Finding.of("size", name, _odd_map(tensor.shape[1:3], layer))


def _odd_map(size: tuple[int | None, ...], layer: str) -> str:
    known = [n for n in size if n]
    advice = ""
    if len(known) == 2:
        below = [max(n // INPUT_MULTIPLE, 1) * INPUT_MULTIPLE for n in known]
        above = [-(-n // INPUT_MULTIPLE) * INPUT_MULTIPLE for n in known]
        nearest = " or ".join(dict.fromkeys((_by(below), _by(above))))
        advice = f"; the nearest multiples of {INPUT_MULTIPLE} are {nearest}"
    return (
        f"is {_by(size)}: there the layer {layer!r} of stride 2 reads an odd map, and the "
        f"converter turns even padding back into 'same'{advice}"
    )


def _by(size: Any) -> str:
    return "x".join(map(str, size))
