"""Every form: features @ matrix is what the layer makes, and what made the kernel is it again."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfprune.repairing.forms import forms_of

RNG = np.random.default_rng(0)
LAYERS = {
    "Dense": (layers.Dense(3), (4, 5)),
    "Conv1D causal, dilated": (layers.Conv1D(3, 2, padding="causal", dilation_rate=2), (6, 4)),
    "Conv2D stride 2": (layers.Conv2D(3, 3, 2, "same"), (5, 6, 4)),
    "Conv2D grouped": (layers.Conv2D(6, 3, groups=2), (5, 5, 4)),
    "Conv3D": (layers.Conv3D(2, 2), (3, 3, 3, 2)),
    "Conv1DTranspose": (layers.Conv1DTranspose(3, 3, 2), (4, 2)),
    "Conv2DTranspose": (layers.Conv2DTranspose(3, 3, 2, "same"), (3, 4, 2)),
    "DepthwiseConv1D": (layers.DepthwiseConv1D(3, padding="same"), (5, 3)),
    "DepthwiseConv2D x2": (layers.DepthwiseConv2D(3, 2, depth_multiplier=2), (6, 6, 3)),
    "SeparableConv2D": (layers.SeparableConv2D(3, 3, 2, depth_multiplier=2), (6, 6, 4)),
    "SeparableConv1D": (layers.SeparableConv1D(3, 3, padding="same"), (6, 4)),
    "EinsumDense": (layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), (4, 5)),
    "EinsumDense, two summed": (layers.EinsumDense("abcd,cde->abe", (None, 3)), (4, 2, 5)),
    "EinsumDense, one alone": (
        layers.EinsumDense("abc,bcd->abd", (2, 3), bias_axes="bd"),
        (2, 5),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_features_times_matrix_is_what_the_layer_makes(name):
    layer, shape = LAYERS[name]
    x = tf.constant(RNG.normal(size=(2, *shape)), "float32")
    truth = np.asarray(layer(x))
    form = forms_of(layer)[-1]
    kernel = np.array(form.variable)
    made = np.einsum("npgf,gfo->npgo", form.features(x), form.matrix(kernel))
    np.testing.assert_allclose(made, form.outputs(x, kernel), atol=1e-5)
    np.testing.assert_allclose(np.sort(made, None), np.sort(truth, None), atol=1e-5)
    np.testing.assert_array_equal(form.kernel(form.matrix(kernel)), kernel)


WITH_BIAS = ["Dense", "Conv2D grouped", "DepthwiseConv2D x2", "EinsumDense"]


@pytest.mark.parametrize("name", [*WITH_BIAS, "EinsumDense, one alone"])
def test_an_offset_of_the_bias_moves_every_output(name):
    layer, shape = LAYERS[name]
    x = tf.constant(RNG.normal(size=(2, *shape)), "float32")
    before, form = np.asarray(layer(x)), forms_of(layer)[-1]
    groups, _, outputs = form.matrix(np.array(layer.kernel)).shape
    offset = np.arange(groups * outputs, dtype="float32").reshape(groups, outputs)
    layer.bias.assign_add(form.offset(offset))
    moved = (np.asarray(layer(x)) - before).reshape(2, -1, groups, outputs)
    np.testing.assert_allclose(moved, np.broadcast_to(offset, moved.shape), atol=1e-5)


def test_a_subclass_with_a_call_of_its_own_has_no_form():
    class Twice(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    layer = Twice(2)
    layer.build((None, 3))
    assert forms_of(layer) == []
    assert isinstance(layer, keras.layers.Dense)
