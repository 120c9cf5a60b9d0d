"""The ResNets are fed as their pretrained weights expect."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from proofs.training import augmented, compile_for, normalise, train


def test_images_are_normalised_as_pytorch_does():
    white_and_black = np.array([[255] * 3, [0] * 3], np.uint8)
    expected = [
        [0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225],
        [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
    ]
    np.testing.assert_allclose(normalise(white_and_black), expected, rtol=1e-5)


def test_an_image_moves_by_up_to_4_pixels_and_black_moves_in():
    white = normalise(np.full((64, 32, 32, 3), 255, np.uint8))
    [(moved, labels)] = augmented(white, np.arange(64), batch=64)
    black = normalise(np.zeros(3, np.uint8))
    is_black = np.isclose(moved, black, atol=1e-5).all(-1)
    is_white = np.isclose(moved, white[0, 0, 0], atol=1e-5).all(-1)
    assert (is_black | is_white).all()
    assert is_black[:, 16].sum(axis=1).max() == 4
    assert is_white[:, 4:28, 4:28].all()
    assert sorted(labels.numpy()) == list(range(64))


def network():
    net = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.Flatten()]
    model = keras.Sequential([keras.Input((6, 6, 3)), *net, layers.Dense(10)])
    model.set_weights([np.random.default_rng(0).uniform(0.5, 1, w.shape) for w in model.weights])
    return model


def test_training_gives_what_keras_own_normalization_gives():
    ours, keras_own = network(), network()
    x = np.random.default_rng(0).normal(size=(16, 6, 6, 3)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((x, np.arange(16) % 10)).batch(8)
    train(ours, data, 1, 0.01, verbose=0)
    compile_for(keras_own, keras.optimizers.schedules.CosineDecay(0.01, 2))
    keras_own.fit(data, verbose=0)
    for found, wanted in zip(ours.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert type(ours.layers[1]) is layers.BatchNormalization
