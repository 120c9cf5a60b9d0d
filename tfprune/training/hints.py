"""Features inside two models that shall be alike, whatever their widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.graph import Calls, functional
from tfprune.keras_internals import input_structure, output_structure
from tfprune.layer_names import Names, Selection, Selector

Hints = Mapping[Selector, Selector] | Sequence[Selector]


def pairs_of(hints: Hints) -> list[tuple[Selector, Selector]]:
    """Return (student's layer, teacher's layer); a list names the same layers of both."""
    if isinstance(hints, Mapping):
        return list(hints.items())
    return [(name, name) for name in ([hints] if isinstance(hints, str) else hints)]


def feature(model: Any, selector: Selector) -> Any:
    """Return the tensor that the one layer which a selector means gives its readers.

    Raises:
        PruneError: it means no layer, or several, or one that is called more than once or inside
            a nested model.
    """
    names = Names(model)
    selection = Selection("hints", [selector], names)
    selection.check([names.places()], "")
    calls = Calls(model)
    found = [node for node in calls.nodes if selection.means(names.of(node.operation))]
    if len(found) != 1 or len(found[0].outputs) != 1:
        raise PruneError(
            f"hints: {selector!r}",
            f"it means {len(found)} calls in {model.name!r}, and a hint is one tensor"
            + ("" if found else ": layers inside nested models are not reached"),
            "name one layer that the model itself calls once",
        )
    return found[0].outputs[0]


def with_features(model: Any, features: Sequence[Any]) -> Any:
    """Return a model on the same layers that gives [the outputs, as they are nested; features]."""
    net = functional(model)
    return keras.Model(input_structure(net), [output_structure(net), list(features)])


def adapter(student: Any, teacher: Any, names: tuple[Selector, Selector]) -> Any:
    """Return a layer from a student's feature to the width of a teacher's, None if they agree.

    Raises:
        PruneError: they differ in more than the last axis.
    """
    own, other = tuple(student.shape), tuple(teacher.shape)
    if own[:-1] != other[:-1]:
        raise PruneError(
            f"hints: {names[0]!r} from {names[1]!r}",
            f"one gives {own}, the other {other}: only the last axis may differ",
            "pair layers of the same resolution",
        )
    if own[-1] == other[-1]:
        return None
    dense = keras.layers.Dense(other[-1], dtype="float32")
    dense.build(own)
    return dense


class HintLoss(keras.losses.Loss):
    """The mean squared difference of two features, as a share of the teacher's mean square.

    That is of the batch.

    Example:
        >>> teacher = ops.convert_to_tensor([[2.0, 0.0]])
        >>> student = ops.convert_to_tensor([[1.0, 0.0]])
        >>> float(HintLoss()(teacher, student))
        0.25
    """

    def __init__(self) -> None:
        super().__init__(name="hints")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return it at each place, which a mask may leave out."""
        size = ops.mean(ops.square(y_true))  # of the batch: a sample's own may be zero
        share = ops.square(y_true - y_pred) / ops.where(size > 0, size, 1.0)
        return ops.mean(share, axis=-1)
