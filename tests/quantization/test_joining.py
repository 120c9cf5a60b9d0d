"""Where tensors of several ranges are joined, nothing is cut off and nothing refused."""

import keras
import numpy as np
from keras import layers, ops

from .road import batch_for, converted, steps_apart, trained


def test_what_moves_on_to_a_concatenation_keeps_its_range_for_others(tmp_path):
    image = keras.Input((4, 4, 8))
    large = np.array([1, 1, 30, 30, 1, 1, 30, 30], "float32")
    x = ops.reshape(layers.Conv2D(8, 1)(image) * large, (-1, 4, 4, 2, 4))
    left, right = ops.split(ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, 4, 4, 8)), 2, -1)
    right = layers.Conv2D(4, 1, activation="tanh")(right)  # of all that is large
    model = keras.Model(image, ops.concatenate([left, right], axis=-1))
    inputs = batch_for(model)
    aware = trained(model, inputs)
    [steps] = steps_apart(aware, converted(aware, tmp_path), inputs).values()
    assert np.mean(steps > 0.01) < 0.1


def test_a_float_can_be_joined_with_what_is_made_of_it(tmp_path):
    numbers = keras.Input((4,))
    normed = layers.LayerNormalization()(numbers)
    joined = layers.Concatenate()([normed, layers.LayerNormalization()(normed)])
    model = keras.Model(numbers, layers.Dense(2)(joined))
    inputs = batch_for(model)
    aware = trained(model, inputs)
    [steps] = steps_apart(aware, converted(aware, tmp_path), inputs).values()
    assert steps.max() < 1.01


def test_what_was_repeated_can_be_joined_with_what_is_made_of_it(tmp_path):
    """The converter refuses a repeated tensor that moves on in the range of what it came from."""
    numbers = keras.Input((4,))
    x = ops.repeat(ops.expand_dims(layers.Dense(4)(numbers), 1), 3, axis=1)
    model = keras.Model(numbers, layers.Dense(2)(ops.concatenate([x, x * x], axis=-1)))
    inputs = batch_for(model)
    aware = trained(model, inputs)
    [steps] = steps_apart(aware, converted(aware, tmp_path), inputs).values()
    assert steps.max() < 1.01
