"""Settings of a layer that fit one width alone keep its units; others let them go."""

import keras
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, prunable

register = keras.saving.register_keras_serializable("test_fixed_sizes")


@register
class NearlyOrthogonal(keras.regularizers.Regularizer):
    """PointNet's, for outputs that are 4x4 matrices (arXiv:1612.00593, equation 2)."""

    def __call__(self, x):
        x = ops.reshape(x, (-1, 4, 4))
        return ops.sum(ops.square(ops.matmul(x, ops.swapaxes(x, 1, 2)) - ops.eye(4)))

    def get_config(self):
        return {}


@register
def identity(shape, dtype=None):
    return ops.reshape(ops.eye(4, dtype=dtype), (16,))


@register
def small(shape, dtype=None):
    return 0.1 * ops.ones(shape, dtype)


def network(**settings):
    x = keras.Input((3,))
    y = layers.Dense(16, name="matrix", **settings)(x)
    return keras.Model(x, layers.Dense(2, name="head")(y))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("bias_initializer", keras.initializers.Constant(list(range(16)))),
        ("bias_initializer", identity),
        ("activity_regularizer", NearlyOrthogonal()),
        ("kernel_regularizer", NearlyOrthogonal()),
    ],
)
def test_a_setting_that_fits_one_width_keeps_it(setting, value):
    assert kept(network(**{setting: value})) == {
        "matrix": f"{setting} of matrix fits this width alone"
    }


def test_a_setting_of_the_users_own_that_fits_any_width_keeps_nothing():
    model = network(bias_initializer=small, kernel_regularizer="l2")
    assert [line.split(":")[0] for line in prunable(model)] == ["matrix 16"]
    check(model)
