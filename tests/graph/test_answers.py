"""What an output says: told by its last function, else by the loss that judges it."""

import keras
import numpy as np
import pytest
from keras import layers, losses, ops

from tfprune.graph import OutputMeaning, answers_of


def ended_by(end, inputs=None):
    inputs = keras.Input((3,)) if inputs is None else inputs
    return keras.Model(inputs, end(layers.Dense(2)(inputs)))


def told(model, loss=None):
    (answer,) = answers_of(model, loss)
    return answer.kind, answer.logits


ENDS = {
    "Dense(activation)": layers.Dense(2, "softmax"),
    "Activation": layers.Activation("softmax"),
    "Softmax": layers.Softmax(),
    "ops.softmax": ops.softmax,
    "keras.activations": keras.activations.softmax,
    "then a cast": lambda x: layers.Activation("linear", dtype="float32")(ops.softmax(x)),
    "nested": ended_by(layers.Softmax(), keras.Input((2,))),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_softmax_at_the_end_makes_classes_whatever_the_loss(end):
    model = ended_by(ENDS[end])
    assert told(model) == told(model, "mse") == ("classes", False)


@pytest.mark.parametrize(
    ("loss", "meant"),
    [
        ("sparse_categorical_crossentropy", ("classes", False)),
        (losses.CategoricalCrossentropy(from_logits=True), ("classes", True)),
        (losses.KLDivergence(), ("classes", False)),
        (losses.BinaryCrossentropy(from_logits=True), ("labels", True)),
        ("binary_focal_crossentropy", ("labels", False)),
        (losses.MeanSquaredError(), ("values", False)),
        (lambda y, p: p, ("values", False)),
        (None, ("values", False)),
    ],
)
def test_where_nothing_ends_an_output_its_loss_tells(loss, meant):
    assert told(ended_by(layers.Dense(2)), loss) == meant


def test_a_sigmoid_makes_labels_unless_a_loss_compares_values():
    model = ended_by(layers.Dense(2, "sigmoid"))
    assert told(model) == ("labels", False) and told(model, "mse") == ("values", False)


def test_each_output_has_its_own_loss_by_key_or_name_or_place():
    inputs = keras.Input((3,))
    outputs = {"a": layers.Dense(2, name="x")(inputs), "b": layers.Dense(2, name="y")(inputs)}
    model = keras.Model(inputs, outputs)
    binary = losses.BinaryCrossentropy(from_logits=True)
    for loss in ({"a": "mse", "b": binary}, ["mse", binary]):
        assert [a.kind for a in answers_of(model, loss)] == ["values", "labels"]
    model.compile(loss={"a": binary, "b": "mse"})
    assert [a.kind for a in answers_of(model)] == ["labels", "values"]


def test_probabilities_become_the_logits_they_came_from():
    logits = np.array([[-3.0, 1.0, 2.0]], "float32")
    from_classes = OutputMeaning("a", "classes", logits=False).as_logits(ops.softmax(logits))
    from_labels = OutputMeaning("a", "labels", logits=False).as_logits(ops.sigmoid(logits))
    np.testing.assert_allclose(from_classes, logits, rtol=1e-5)  # their mean is 0
    np.testing.assert_allclose(from_labels, logits, rtol=1e-5)
    certain = OutputMeaning("a", "labels", logits=False).as_logits(
        ops.convert_to_tensor([[0.0, 1.0]])
    )
    assert np.isfinite(certain).all()
