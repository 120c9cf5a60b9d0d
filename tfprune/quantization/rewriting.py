"""Replay a model with every layer computed as int8 will, and ranges learned in between."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.graph import Clones, is_graph, replay
from tfprune.keras_facts import kernels_of
from tfprune.keras_internals import maker
from tfprune.quantization.fake_quantize import FakeQuantize
from tfprune.quantization.planning import Int8Plan
from tfprune.quantization.rules import FLOAT, LEARNED, MIXED, MOVED
from tfprune.quantization.slicing import slices
from tfprune.quantization.wrapper import Quantized
from tfprune.wrapping import Masking

# What integers of these dtypes can hold, so that nothing need be learned.
_KNOWN_RANGES = {"bool": (0.0, 1.0), "uint8": (0.0, 255.0), "int8": (-128.0, 127.0)}


class Rewriting:
    """One replay of a model.

    Args:
        model: A Functional or Sequential model, not changed.
        plan: What happens to each call.
        momentum: Of every learned range.
        keep_zeros: Whether weights that are zero stay zero in training.
    """

    def __init__(self, model: Any, plan: Int8Plan, momentum: float, keep_zeros: bool) -> None:
        self.clones = Clones(model)
        self._model = model
        self._plan = plan
        self._momentum = momentum
        self._keep_zeros = keep_zeros
        self._names: set[str] = set()
        # Rounded tensor → the layer that holds its range, None if that is out of reach.
        self._rounded: dict[int, FakeQuantize | None] = {}
        # Rounded tensors that a call has moved since.
        self._carried: set[int] = set()
        # Float tensor → the same, rounded.
        self._versions: dict[int, Any] = {}

    def run(self) -> Any:
        """Return the rewritten model, with the weights of the original."""
        fresh = replay(self._model, self._change, call=self._call)
        self.clones.copy_weights()
        return fresh

    def _change(self, operation: Any) -> Any:
        if any(operation is norm for norm in self._plan.norms.values()):
            return operation  # folded into another layer, so that its call vanishes
        rule = self._plan.rules[id(operation)]
        copy = self.clones.of(operation)
        norm = self._plan.norms.get(id(operation))
        ends = id(operation) in self._plan.ends
        if rule.output == FLOAT or (rule.compute is None and not ends and norm is None):
            return copy
        return Quantized(
            copy,
            norm=None if norm is None else self.clones.of(norm),
            output=self._range("output", rule.output) if ends else None,
            keeps_zeros=self._keep_zeros and _has_zeros(operation),
            momentum=self._momentum,
            ids_from_zero=id(operation) in self._plan.ids,
        )

    def _call(self, node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        if id(node) in self._plan.folded:
            return args[0]
        if is_graph(node.operation):
            return self._call_nested(operation, *self._round_all(node, args, kwargs))
        rule = self._plan.rules[id(node.operation)]
        if rule.output == FLOAT or id(node) in self._plan.untouched:
            return operation(*args, **kwargs)
        args, kwargs = self._round_all(node, args, kwargs)
        if rule.output == MIXED:
            return self._mix(operation, args, kwargs)
        if rule.joins:
            args, kwargs = keras.tree.map_structure(self._pinned, (args, kwargs))
        if id(node) in self._plan.sliced:
            outputs = slices(operation, *args, **kwargs)
        else:
            outputs = operation(*args, **kwargs)
        if id(node) in self._plan.unrounded or id(node.operation) in self._plan.ends:
            self._rounded[id(outputs)] = None
            return outputs
        if rule.output == MOVED:
            owner = self._rounded[id(self._moved(args, kwargs))]
            self._rounded.update({id(tensor): owner for tensor in keras.tree.flatten(outputs)})
            self._carried.update(map(id, keras.tree.flatten(outputs)))
            return outputs
        fresh = keras.tree.flatten(outputs)
        rounded = [
            t if id(old) in self._plan.dtypes else self._round(t, rule.output)
            for old, t in zip(node.outputs, fresh, strict=True)
        ]
        return keras.tree.pack_sequence_as(outputs, rounded)

    def _call_nested(self, model: Any, args: Any, kwargs: Any) -> Any:
        outputs = model(*args, **kwargs)
        pairs = list(zip(keras.tree.flatten(outputs), model.outputs, strict=True))
        self._rounded.update({id(o): None for o, i in pairs if id(i) in self._rounded})
        self._carried.update(id(o) for o, i in pairs if id(i) in self._carried)
        return outputs

    def _mix(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Call a layer whose output has the range of its input but must be rounded again."""
        tensor = self._moved(args, kwargs)
        if self._rounded.get(id(tensor)) is None:
            again = self._round(tensor, LEARNED)
            args, kwargs = keras.tree.map_structure(
                lambda t: again if t is tensor else t, (args, kwargs)
            )
            tensor = again
        return self._again(operation(*args, **kwargs), self._rounded[id(tensor)])

    def _again(self, tensor: Any, owner: Any) -> Any:
        """Return a tensor rounded in the range that another one has."""
        rounded = owner(tensor, observe=False)
        self._rounded[id(rounded)] = owner
        return rounded

    def _pinned(self, tensor: Any) -> Any:
        """Round a moved tensor once more, before it joins others in a range of theirs.

        The converter carries the joint range back through all that only moves values, to whoever
        else reads them, and what does not fit into it is cut off (TensorFlow 2.21).
        """
        if id(tensor) not in self._carried:
            return tensor
        owner = self._rounded[id(tensor)]
        return self._round(tensor, LEARNED) if owner is None else self._again(tensor, owner)

    def _moved(self, args: Any, kwargs: Any) -> Any:
        """Return the rounded tensor whose values a call moves or mixes."""
        return next(t for t in keras.tree.flatten((args, kwargs)) if id(t) in self._rounded)

    def _round_all(self, node: Any, args: Any, kwargs: Any) -> Any:
        """Round those inputs that a call computes with and that are not rounded yet."""
        old = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
        new = keras.tree.flatten((args, kwargs))
        numbers = self._plan.numbers[id(node)]
        for original, tensor in zip(old, new, strict=True):
            if id(original) in self._plan.nested_inputs:
                self._rounded.setdefault(id(tensor), None)
        rounded = [
            self._version(tensor, self._plan.dtypes.get(id(original)))
            if id(original) in numbers
            else tensor
            for original, tensor in zip(old, new, strict=True)
        ]
        return keras.tree.pack_sequence_as((args, kwargs), rounded)

    def _version(self, tensor: Any, whole: str | None) -> Any:
        """Return a tensor, rounded; one of integers first becomes the floats they stand for."""
        if id(tensor) in self._rounded:
            return tensor
        if id(tensor) not in self._versions:
            name = maker(tensor).name
            floats = tensor if whole is None else keras.ops.cast(tensor, "float32")
            rounded = self._round(floats, _KNOWN_RANGES.get(whole or "", LEARNED), name)
            self._versions[id(tensor)] = rounded
        return self._versions[id(tensor)]

    def _round(self, tensor: Any, output: Any, name: str | None = None) -> Any:
        name = name or maker(tensor).name
        owner = self._range(name, output)
        rounded = owner(tensor)
        self._rounded[id(rounded)] = owner
        return rounded

    def _range(self, name: str, output: Any = LEARNED) -> FakeQuantize:
        low, high = output if isinstance(output, tuple) else (None, None)
        return FakeQuantize(self._momentum, low, high, name=self._unique(f"{name}_range"))

    def _unique(self, name: str) -> str:
        number = 0
        while (candidate := f"{name}_{number}" if number else name) in self._names:
            number += 1
        self._names.add(candidate)
        return candidate


def _has_zeros(operation: Any) -> bool:
    """Whether a layer without pruning masks has kernels that are zero in part."""
    if not isinstance(operation, keras.layers.Layer) or isinstance(operation, Masking):
        return False
    kernels = [np.asarray(kernel.variable) for kernel in kernels_of(operation)]
    return any(0 < np.count_nonzero(values == 0) < values.size for values in kernels)
