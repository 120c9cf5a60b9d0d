"""What the outputs of a model say: classes, labels or values, as logits or as probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras
from keras import ops

from tfprune.graph.structure import functional, is_graph
from tfprune.keras_facts import PASS_THROUGH, op_name, package_of
from tfprune.keras_internals import maker, node_behind, output_structure
from tfprune.wrapping import Around

Kind = Literal["classes", "labels", "values"]

# Of keras.losses: a class and its function, without case and underscores.
_CLASSES = (
    "categoricalcrossentropy",
    "sparsecategoricalcrossentropy",
    "categoricalfocalcrossentropy",
    "categoricalgeneralizedcrossentropy",
    "kldivergence",
)
_LABELS = ("binarycrossentropy", "binaryfocalcrossentropy")
_SMALLEST = 1e-30  # of a probability: float32 knows no logarithm of much less
_BELOW_ONE = 1 - 2.0**-24


@dataclass(frozen=True)
class OutputMeaning:
    """What one output of a model says.

    Args:
        name: Of the output, as losses and targets are keyed.
        kind: "classes": one of those on the last axis; "labels": each value alone yes or no;
            "values": anything else.
        logits: Whether classes and labels come before their softmax or sigmoid, not after.
        activation: The function that ends the output, None where none is known.
    """

    name: str
    kind: Kind
    logits: bool
    activation: str | None = None

    def as_logits(self, y: Any) -> Any:
        """Return an output as logits, float32: of classes less their mean, of labels as they are.

        The logarithm of a probability is its logit up to a constant of the sample, log(p / (1 - p))
        is a label's. Values come back as they are.

        Example:
            >>> p = ops.softmax(ops.convert_to_tensor([[0.0, 2.0, 4.0]]))
            >>> OutputMeaning("out", "classes", logits=False).as_logits(p).numpy().round(3).tolist()
            [[-2.0, 0.0, 2.0]]
        """
        y = ops.cast(y, "float32")
        if self.kind == "values":
            return y
        if not self.logits:
            against = ops.log1p(-ops.minimum(y, _BELOW_ONE)) if self.kind == "labels" else 0.0
            y = ops.log(ops.maximum(y, _SMALLEST)) - against
        return y - ops.mean(y, axis=-1, keepdims=True) if self.kind == "classes" else y


def answers_of(model: Any, loss: Any = None) -> list[OutputMeaning]:
    """Return what each output of a model says, in the order of `model.outputs`.

    A softmax at the end tells; else Keras' own losses do, by what they compare and by their
    `from_logits`; else a sigmoid at the end. A loss of the user's own tells nothing.

    Args:
        model: A Functional or built Sequential model.
        loss: What `compile` takes; None for the model's own, if it is compiled.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> x = keras.Input((2,))
        >>> model = keras.Model(x, keras.layers.Dense(3, "softmax", name="digit")(x))
        >>> answers_of(model, "sparse_categorical_crossentropy")
        [OutputMeaning(name='digit', kind='classes', logits=False, activation='softmax')]
    """
    net = functional(model)
    losses = _by_output(net, getattr(model, "loss", None) if loss is None else loss)
    return [
        _answer(name, _last_activation(tensor), of_output)
        for name, tensor, of_output in zip(net.output_names, net.outputs, losses, strict=True)
    ]


def _answer(name: str, activation: str | None, loss: Any) -> OutputMeaning:
    kind, logits = _told_by(loss)
    if activation in ("softmax", "log_softmax"):
        return OutputMeaning(name, "classes", activation == "log_softmax", activation)
    if activation == "sigmoid":
        return OutputMeaning(name, kind or "labels", False, activation)
    return OutputMeaning(name, kind or "values", logits, activation)


def _told_by(loss: Any) -> tuple[Kind | None, bool]:
    """Return what a loss says of the output it judges, (None, False) if nothing."""
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if package_of(loss) != "keras":
        return None, False
    kind = type(loss) if isinstance(loss, keras.losses.Loss) else loss
    name = kind.__name__.replace("_", "").lower()  # a class and its function compute the same
    logits = bool(getattr(loss, "from_logits", False))
    if name in _CLASSES:
        return "classes", logits
    return ("labels", logits) if name in _LABELS else ("values", False)


def _by_output(net: Any, loss: Any) -> list[Any]:
    """Return the loss of each output; one that is given alone is that of all."""
    names, structure = net.output_names, output_structure(net)
    if isinstance(loss, Mapping):
        keys = sorted(structure) if isinstance(structure, Mapping) else names
        return [loss.get(name, loss.get(key)) for name, key in zip(names, keys, strict=True)]
    if isinstance(loss, (list, tuple)):
        return list(loss) if len(loss) == len(names) else [None] * len(names)
    return [loss] * len(names)


def _last_activation(tensor: Any) -> str | None:
    """Return the name of the function that makes a tensor, None for what is not known by name."""
    operation = maker(tensor)
    if is_graph(operation):
        node = node_behind(tensor)
        place = next(i for i, made in enumerate(node.outputs) if made is tensor)
        return _last_activation(functional(operation).outputs[place])
    while isinstance(operation, Around):
        operation = operation.layer
    function: Callable[..., Any] | None = getattr(operation, "activation", None)
    alone = isinstance(operation, keras.layers.Activation) and function is keras.activations.linear
    if alone or isinstance(operation, PASS_THROUGH) or op_name(operation) == "Cast":
        return _last_activation(node_behind(tensor).input_tensors[0])
    if isinstance(operation, keras.layers.Softmax):
        return "softmax"
    named = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
    if (known := named.get(op_name(operation) or "")) is not None:
        return known
    return getattr(function, "__name__", None)
