"""Scales and offsets between layers get a convolution, unless the converter folds them."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.rewriting.forms import is_ready, same_outputs
from tests.rewriting.models import net, norm
from tfprune.rewriting import plan_sparse_ready


@pytest.mark.parametrize(
    "middle",
    [
        norm,  # after the stem's activation
        lambda x: layers.ReLU()(norm(layers.Add()([x, layers.Activation("silu")(x)]))),
        lambda x: x * 0.7,
        lambda x: 1.0 - x,
        lambda x: (x - 0.5) / 3.0,
        lambda x: x + np.arange(8, dtype="float32"),
        layers.Rescaling(0.3, 0.1),
        layers.Normalization(mean=[0.5] * 8, variance=[2.0] * 8),
    ],
)
def test_a_scale_or_offset_after_an_activation_gets_a_convolution(middle):
    plan = plan_sparse_ready(net(middle))
    assert plan.exact and plan.changes and is_ready(plan) and same_outputs(plan)
    carriers = [x for x in plan.model.layers if x.name.endswith("_carrier")]
    assert carriers and not any(layer.trainable for layer in carriers)


def test_what_the_converter_folds_is_left_alone():
    def middle(x):
        return 0.5 * norm(layers.SpatialDropout2D(0.1)(layers.Conv2D(8, 1)(x)))

    plan = plan_sparse_ready(net(middle))
    assert plan.changes == () and plan.notes == ()


def test_a_scale_before_the_stem_is_left_alone():
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(image)
    model = keras.Model(image, net()(x))
    assert [change.subject for change in plan_sparse_ready(model).changes] == ["net"]
