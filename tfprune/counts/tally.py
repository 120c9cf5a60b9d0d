"""Walk through the calls of a model, and those inside them, and add up what each layer costs."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from tfprune.counts.calls import (
    CountedCall,
    first_argument,
    graph_calls,
    output_specs,
    unfolded_calls,
)
from tfprune.counts.layer_rules import Use, kernel_uses, unknown_cell
from tfprune.counts.ledger import CountedPlace, CountLedger, places_in
from tfprune.counts.op_rules import op_macs
from tfprune.counts.records import LayerCount
from tfprune.counts.shapes import OpenSize, Uncounted, product
from tfprune.counts.traced import traced_calls
from tfprune.graph import is_graph
from tfprune.keras_internals import layers_of
from tfprune.notes import Note


class Tally:
    """Adds up calls; `rows`, `notes`, `kernel_macs` and the open ones hold what came of it.

    Args:
        model: The model whose layers are called.
    """

    def __init__(self, model: Any) -> None:
        self.notes: list[Note] = []
        self.kernel_macs: dict[int, int] = {}
        self.open_sizes = 0  # calls that can't be counted before a size is given
        self.open_kernels: dict[str, str] = {}  # those of them that have weights, and why
        self._ledger = CountLedger()
        self._places = places_in(model)
        self._called: set[int] = set()

    @property
    def rows(self) -> tuple[LayerCount, ...]:
        """One row for each layer that computes, in the order of the calls."""
        return self._ledger.rows

    def add(self, call: CountedCall, times: int = 1, around: CountedPlace | None = None) -> None:
        """Count one call, and everything it calls, `times` times.

        Args:
            call: What is called.
            times: How often one sample leads to this call, e.g. once for each time step.
            around: Where the call is made; None for the model itself.
        """
        place = self._place(call.operation, around)
        self._called.add(id(call.operation))
        try:
            if not isinstance(call.operation, keras.layers.Layer):
                self._ledger.add(place, call.outputs, self._add_operation(call, times), times)
            elif (uses := _uses(call)) is not None:
                macs = sum(self._add_use(use, times) for use in uses)
                self._ledger.add(place, call.outputs, macs, times)
            else:
                self._add_inside(call, times, place)
        except Uncounted as reason:
            self.refuse(call, reason, times, place)

    def refuse(
        self,
        call: CountedCall,
        reason: Uncounted,
        times: int = 1,
        place: CountedPlace | None = None,
    ) -> None:
        """Note that the cost of a call can't be known."""
        place = place or self._place(call.operation, None)
        self._ledger.add(place, call.outputs, None, times)
        if isinstance(reason, OpenSize):
            self.open_sizes += 1
            if _has_weights(call):
                self.open_kernels.setdefault(place.name, str(reason))
        else:
            self.notes.append(Note(place.name, f"MACs not counted: {reason}"))

    def add_parameters(self) -> None:
        """Give each parameter to the row of its layer, or of the layer around it."""
        seen: set[int] = set()
        for place in list(self._places.values()):
            fresh = [v for v in place.variables if id(v) not in seen]
            seen.update(map(id, fresh))
            if fresh:
                self._ledger.add_parameters(self._home(place), fresh)

    def _add_inside(self, call: CountedCall, times: int, place: CountedPlace) -> None:
        calls, repeats = calls_inside(call)
        for inner in calls:
            self.add(inner, times * repeats, place)
        self._ledger.show_outputs(place, call.outputs)

    def _add_operation(self, call: CountedCall, times: int) -> int:
        macs = op_macs(call)
        kernels = [v for v in call.operands if isinstance(v, keras.Variable)]
        if macs and len(kernels) == 1:
            self._add_kernel(kernels[0], macs * times)
        return macs

    def _add_use(self, use: Use, times: int) -> int:
        """Count one use of a kernel and return its MACs in one call."""
        kernel, positions = use
        if kernel is None:
            return positions
        macs = positions * math.prod(kernel.shape)
        self._add_kernel(kernel, macs * times)
        return macs

    def _add_kernel(self, variable: Any, macs: int) -> None:
        self.kernel_macs[id(variable)] = self.kernel_macs.get(id(variable), 0) + macs

    def _place(self, operation: Any, around: CountedPlace | None) -> CountedPlace:
        """Return where an operation stands; what a layer's own code does stands at the layer."""
        if id(operation) in self._places:
            return self._places[id(operation)]
        own_code = around is not None and not is_graph(around.layer)
        if around and own_code and not isinstance(operation, keras.layers.Layer):
            return around
        path = (*(around.path if around else ()), operation.name)
        place = self._places[id(operation)] = CountedPlace(operation, path, id(operation), around)
        return place

    def _home(self, place: CountedPlace) -> CountedPlace:
        """Return the place whose row is to hold the parameters of this one."""
        near: CountedPlace | None = place
        while near and not self._ledger.holds(near) and id(near.layer) not in self._called:
            near = near.around
        if near is None or (is_graph(near.layer) and not self._ledger.holds(near)):
            self.notes.append(Note(place.name, "its parameters are counted, but nothing calls it"))
            return place
        return near


def _has_weights(call: CountedCall) -> bool:
    if isinstance(call.operation, keras.layers.Layer):
        return bool(call.operation.weights)
    return any(isinstance(value, keras.Variable) for value in call.operands)


def _uses(call: CountedCall) -> list[Use] | None:
    return None if is_graph(call.operation) else kernel_uses(call)


def calls_inside(call: CountedCall) -> tuple[list[CountedCall], int]:
    """Return the calls that one call of a layer makes, and how often it makes them.

    Raises:
        Uncounted: they can't be known.
    """
    layer = call.operation
    if is_graph(layer):
        return graph_calls(layer, first_argument(call.args, call.kwargs))[0], 1
    if isinstance(layer, layers.Bidirectional):
        sequences = call.inputs[:1]
        return [_called(part, sequences) for part in (layer.forward_layer, layer.backward_layer)], 1
    if isinstance(layer, layers.TimeDistributed):
        return [_called(layer.layer, [_one_step(call)])], _steps(call)
    if unknown_cell(layer):
        sizes = keras.tree.flatten(layer.cell.state_size)
        states = [keras.KerasTensor((1, size)) for size in sizes]
        return [_called(layer.cell, [_one_step(call), states])], _steps(call)
    for tensor in call.inputs:
        product(tensor.shape)  # an open size would be refused deep inside, or worse, not
    unbuilt = [part.name for part in layers_of(layer) if not part.built]
    if unbuilt:  # calling it would build it
        raise Uncounted(f"the layer {unbuilt[0]!r} inside it is not built")
    try:
        return unfolded_calls(layer, call.args, call.kwargs), 1
    except Uncounted:
        return traced_calls(layer, call.args, call.kwargs), 1


def _called(layer: Any, args: list[Any]) -> CountedCall:
    return CountedCall(layer, tuple(args), {}, output_specs(layer, args, {}))


def _steps(call: CountedCall) -> int:
    return product(call.inputs[0].shape[1:2])


def _one_step(call: CountedCall) -> Any:
    sequences = call.inputs[0]
    return keras.KerasTensor((sequences.shape[0], *sequences.shape[2:]), sequences.dtype)
