"""Call: what a flow rule sees of one call of a layer or operation, and what it can say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from tfprune.channels.flow import Flow, Shape
from tfprune.channels.units import Ids

if TYPE_CHECKING:
    from tfprune.channels.records import KeptUnits, Records

INNER_SIZES = "inner_sizes"  # the entry of the config of tfprune.surgery.Resized
FlowRule = Callable[["Call"], "Flow | list[Flow]"]
Remake = Callable[["KeptUnits", Any, Any, Any], Any]


class Call:
    """One call of a layer, as its flow rule sees it.

    A rule says where units are produced (`writes`), summed over (`reads`) or acted on one by one
    (`scales`), which must go together (`same`) or stay (`keep`), and which entries of the layer's
    config count them (`setting`); it returns a `Flow` for each output. A custom layer brings its
    rule as a method:

    Args:
        layer: The layer or operation called.
        inputs: The flow of each input tensor.
        output_shapes: The shape of each output tensor.
        records: Where all that is said is kept.

    Example:
        >>> class Scale(keras.layers.Layer):
        ...     def build(self, shape):
        ...         self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones")
        ...     def call(self, x):
        ...         return x * self.gamma
        ...     def channel_flow(self, call):
        ...         call.scales(self.gamma, 0, call.input[-1])
        ...         return call.input
    """

    def __init__(
        self,
        layer: Any,
        inputs: Sequence[Flow],
        output_shapes: Sequence[Shape],
        records: Records,
        *,
        node: Any = None,
        arguments: tuple[tuple, dict[str, Any]] = ((), {}),
        settings_at: tuple[Any, tuple] | None = None,
    ) -> None:
        self.layer = layer
        self.inputs = list(inputs)
        self.output_shapes = list(output_shapes)
        self.node = node
        self.arguments = arguments
        self._records = records
        self._settings_at = settings_at or (layer, ())
        self._resizable = layer if settings_at is None else None

    @property
    def input(self) -> Flow:
        """The flow of the first input."""
        return self.inputs[0]

    def argument(self, name: str, default: Any = None) -> Any:
        """Return an argument of the call by its name; a tensor comes as its `Flow`."""
        args, kwargs = self.arguments
        bound = inspect.signature(self.layer.call).bind_partial(*args, **kwargs)
        return bound.arguments.get(name, default)

    def new(self, count: int) -> Ids:
        """Return the ids of `count` new units."""
        return self._records.ledger.new(count)

    def same(self, a: Ids | None, b: Ids | None) -> None:
        """Say that units can only be removed together; None stands for a fixed width."""
        if a is None or b is None:
            self.keep(a if b is None else b, f"goes together with a fixed width in {self.name}")
        elif len(a) != len(b):
            self.keep(a, f"meets another width in {self.name}")
            self.keep(b, f"meets another width in {self.name}")
        else:
            self._records.ledger.same(a, b)

    def keep(self, what: Ids | Flow | None, reason: str) -> None:
        """Say that units, or all units of a flow, must stay."""
        if isinstance(what, Flow):
            for ids in what.units.values():
                self._records.ledger.keep(ids, reason)
        elif what is not None:
            self._records.ledger.keep(what, reason)

    def choose(self, axis: int, places: Sequence[Any]) -> Any:
        """Return one of several places where the units on an axis of the input may lie.

        If it turns out that these units cannot be removed, the next one is tried.
        """
        key = id(self.node or self.layer), axis
        return places[self._records.choices.take(key, len(places), self.input.units[axis])]

    def keep_others(self, *axes: int) -> None:
        """Keep the units along all axes of the first input but these: the layer mixes them."""
        for units in self.input.others(axes).values():
            self.keep(units, f"they lie along an axis that {self.name} mixes")

    def writes(self, variable: Any, axis: int, units: Ids) -> None:
        """Say that a kernel or bias produces the units along this axis."""
        self._records.bind(self.layer, variable, axis, "writes", units)

    def reads(self, variable: Any, axis: int, units: Ids | None) -> None:
        """Say that a kernel sums over the units along this axis; None if their width is fixed."""
        carrier = None if units is None else self._carrier(units)
        self._records.bind(self.layer, variable, axis, "reads", units, carrier)

    def scales(self, variable: Any, axis: int, units: Ids | None) -> None:
        """Say that a weight acts on the units one by one along this axis."""
        self._records.bind(self.layer, variable, axis, "scales", units)

    def setting(self, *path: Any, units: Ids | int) -> None:
        """Say that an entry of the layer's config is the number of these units.

        Args:
            path: Where it stands: a key, or keys and indices, `("target_shape", 2)`.
            units: What it counts; a number stands for a fixed width.
        """
        if isinstance(units, int):
            units = self.new(units)
            self.keep(units, f"{self.name} is also called with a fixed width")
        layer, prefix = self._settings_at
        self._records.setting(layer, (*prefix, *path), units)

    def inner_setting(self, part: str, key: str, units: Ids) -> None:
        """Say that an entry of the config of a layer inside this one is the number of these units.

        For a composite layer whose own config has no such entry; once it loses such units it
        becomes a `tfprune.surgery.resized.Resized`, which exchanges the layers inside it for
        smaller ones. Those must come back from their own config. A composite that itself stands
        inside another layer (TimeDistributed) keeps these units. `examples/channel_flow.py` shows
        one.

        Args:
            part: The names of the layers on the way, `"block_1/attention"`.
            key: A key of that layer's config; `"input_dim"` for the width of what it reads.
            units: What it counts.
        """
        if self._resizable is None:
            self.keep(units, f"{self.name} stands inside another layer")
        else:
            self._records.setting(self._resizable, (INNER_SIZES, part, key), units)

    def rewrite(self, make: Remake) -> None:
        """Say how this call is made if units are removed: `make(kept, operation, args, kwargs)`."""
        self._records.rewrites[id(self.node)] = make

    def averages(self, axis: int, units: Ids | None) -> None:
        """Say that the layer takes statistics over the units on an axis of its input."""
        if units is None:
            return
        earlier = self._records.averaged.setdefault(id(self.layer), self.input.axis(axis))
        if self.node is None or earlier != self.input.axis(axis):
            self.keep(units, f"statistics over them cannot be followed in {self.name}")

    def shares(self, axes: Sequence[int], flow: Flow, reason: str) -> None:
        """Say that units along these axes share one sum, as in a softmax: those that stay do.

        Args:
            axes: All axes over which the sum is taken.
            flow: That of the only output.
            reason: Why the units stay where the call cannot be made anew.
        """
        taken = [ids for axis in axes if (ids := flow[axis]) is not None]
        if taken and self.node is not None:
            self._records.shared[id(self.node)] = tuple(flow.axis(axis) for axis in axes)
            return
        for ids in taken:
            self.keep(ids, reason)

    def flow(self, units: Mapping[int, Ids | None] | None = None, output: int = 0) -> Flow:
        """Return the flow of an output: its shape, and units by axis."""
        shape = self.output_shapes[output]
        found = {a % len(shape): ids for a, ids in (units or {}).items() if ids is not None}
        return Flow(shape, found)

    def flows(self, units: Mapping[int, Ids | None]) -> list[Flow]:
        """Return the same flow for every output."""
        return [self.flow(units, i) for i in range(len(self.output_shapes))]

    def unknown(self, reason: str) -> list[Flow]:
        """Keep all inputs whole, with a note, and return outputs of fixed width."""
        touched = any(flow.units for flow in self.inputs)
        if touched or getattr(self.layer, "weights", []):
            self._records.note(self.layer, reason)
        for flow in self.inputs:
            self.keep(flow, f"read by {self.name}: {reason}")
        return self.flows({})

    def through(self, layer: Any, *inputs: Flow, at: tuple | None = None) -> Flow:
        """Follow the units through a layer inside this one.

        Args:
            layer: A layer that this layer calls.
            inputs: What it is called with.
            at: Where its config stands in this layer's config, `("layer", "config")`; None if
                this layer's own settings say how wide it is.

        Returns:
            The flow of its output.
        """
        from tfprune.channels.rules import apply_rule

        shape = inputs[0].shape if len(inputs) == 1 else [flow.shape for flow in inputs]
        place = (None, ()) if at is None else (self._settings_at[0], (*self._settings_at[1], *at))
        inner = Call(
            layer,
            inputs,
            [tuple(layer.compute_output_shape(shape))],
            self._records,
            settings_at=place,
        )
        return apply_rule(inner)[0]

    def inside(self, layer: Any, *at: Any) -> list[Flow]:
        """Follow the units through a layer that this one, a `Resized`, calls as it is called.

        Args:
            layer: The composite layer.
            at: Where its config stands in this layer's config.
        """
        from tfprune.channels.rules import apply_rule

        inner = Call(
            layer,
            self.inputs,
            self.output_shapes,
            self._records,
            node=self.node,
            arguments=self.arguments,
            settings_at=(self._settings_at[0], (*self._settings_at[1], *at)),
        )
        inner._resizable = self._resizable
        return apply_rule(inner)

    @property
    def name(self) -> str:
        """The path of the layer or operation."""
        return self._records.path_of(self.layer)

    def _carrier(self, units: Ids) -> tuple[Any, int] | None:
        """Return the graph's tensor and axis that bring these units, if one does."""
        tensors = [] if self.node is None else self.node.input_tensors
        for tensor, flow in zip(tensors, self.inputs, strict=False):
            for axis, ids in flow.units.items():
                if ids is units:
                    return tensor, axis
        return None


def is_layer(operation: Any) -> bool:
    """Whether it is a layer, not an operation of `keras.ops`."""
    return isinstance(operation, keras.layers.Layer)
