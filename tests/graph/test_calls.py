"""Who makes a tensor and who reads it, in the order of the calls."""

import keras
import pytest
from keras import layers

from tfprune.errors import PruneError
from tfprune.graph import Calls


def gated():
    """x → squash → dropout → two dense layers → gate, which reads them both."""
    inputs = keras.Input((4,), name="x")
    squashed = layers.Activation("tanh", name="squash")(inputs)
    dropped = layers.Dropout(0.5, name="drop")(squashed)
    left = layers.Dense(2, name="left")(dropped)
    right = layers.Dense(2, name="right")(dropped)
    return keras.Model(inputs, layers.Multiply(name="gate")([left, right]))


def names(nodes):
    return [node.operation.name for node in nodes]


def test_calls_come_in_order_without_the_inputs():
    assert names(Calls(gated()).nodes) == ["squash", "drop", "left", "right", "gate"]


def test_a_tensor_has_one_maker_and_all_its_readers():
    model = gated()
    calls = Calls(model)
    dropped = model.get_layer("drop").output
    assert calls.maker(dropped).operation.name == "drop"
    assert names(calls.readers(dropped)) == ["left", "right"]
    assert calls.maker(model.inputs[0]) is None


def test_a_tensor_is_read_once_if_one_call_alone_sees_it():
    model = gated()
    calls = Calls(model)
    once = {n.operation.name: calls.read_once(n.outputs[0]) for n in calls.nodes}
    assert once == {"squash": True, "drop": False, "left": True, "right": True, "gate": False}


@pytest.mark.parametrize("idle", [layers.Dropout(0.5), layers.Identity(), layers.Activation(None)])
def test_the_origin_of_a_tensor_lies_before_layers_that_pass_it_through(idle):
    inputs = keras.Input((4,))
    relu = layers.ReLU()(inputs)
    model = keras.Model(inputs, idle(idle(relu)))
    assert Calls(model).origin(model.outputs[0]) is relu


def test_after_and_before_enclose_the_way_between_two_calls():
    model = gated()
    calls = Calls(model)
    start, end = calls.of(model.get_layer("drop")), calls.of(model.get_layer("left"))
    way = calls.after(start) & calls.before(end)
    assert names(node for node in calls.nodes if id(node) in way) == ["drop", "left"]


def test_a_layer_called_twice_has_two_calls():
    shared, inputs = layers.Dense(4), keras.Input((4,))
    model = keras.Model(inputs, shared(shared(inputs)))
    assert len(Calls(model).of(shared)) == 2


def test_a_model_whose_calls_are_code_is_refused():
    class Code(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(PruneError, match="not built"):
        Calls(Code())
