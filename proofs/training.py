"""Feeding, training and scoring the ResNets on CIFAR-10."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


def normalise(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images as the pretrained ResNets want them: (x / 255 - mean) / standard deviation."""
    return (images.astype(np.float32) / np.float32(255) - _MEAN) / _SPREAD


def accuracy(model: keras.Model, x: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    """Return the share of images that the model gets right."""
    return float((model.predict(x, batch_size=500, verbose=0).argmax(-1) == y).mean())


def augmented(
    x: NDArray[np.float32], y: NDArray[np.int64], batch: int = 128, seed: int = 0
) -> tf.data.Dataset:
    """Shuffle, flip, and shift normalised images by up to 4 pixels, black moving in at the edge.

    The augmentation of the ResNet paper, 4.2. Black edges are what the pretrained weights were
    trained on: recalibrated on images without them, the dense ResNet-20 loses 3 points.
    """
    black = normalise(np.zeros(3, np.uint8))

    def move(image: Any, label: Any) -> Any:
        padded = tf.pad(image - black, ((4, 4), (4, 4), (0, 0))) + black
        cropped = tf.image.random_crop(padded, image.shape, seed)
        return tf.image.random_flip_left_right(cropped, seed), label

    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed)
    return data.map(move, num_parallel_calls=2).batch(batch, drop_remainder=True).prefetch(4)


def compile_for(
    model: keras.Model, learning_rate: Any, around: Callable[[Any], Any] = lambda inner: inner
) -> None:
    """Compile with momentum 0.9, weight decay 1e-4 and a loss on logits.

    Args:
        model: Compiled in place.
        learning_rate: A number or a schedule.
        around: What becomes of the optimizer before, `tfprune.PruningOptimizer` for masks that
            look at gradients.
    """
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9, nesterov=True, weight_decay=1e-4)
    model.compile(
        around(optimizer),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def train(
    model: keras.Model, data: tf.data.Dataset, epochs: int, learning_rate: float, verbose: int = 2
) -> None:
    """Train; the learning rate falls as a cosine to zero."""
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(data))
    compile_for(model, schedule)
    with fused_norms(model):
        model.fit(data, epochs=epochs, verbose=verbose)


class _Fused(keras.layers.BatchNormalization):
    """BatchNormalization of maps by TensorFlow's one op: a fifth less time for a whole step."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training or not self.trainable:
            return super().call(inputs, training, mask)
        scale, offset = (keras.ops.convert_to_tensor(v) for v in (self.gamma, self.beta))
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs, scale, offset, epsilon=self.epsilon, is_training=True
        )
        uncorrected = 1 - tf.size(mean) / tf.size(inputs)  # Keras keeps the batch's own variance
        variance *= tf.cast(uncorrected, variance.dtype)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        return outputs


@contextmanager
def fused_norms(model: keras.Model) -> Iterator[None]:
    """Let the model's normalizations compute by the fused op for a while."""
    norms = [layer for layer in model.layers if type(layer) is keras.layers.BatchNormalization]
    try:
        for norm in norms:
            norm.__class__ = _Fused
        yield
    finally:
        for norm in norms:
            norm.__class__ = keras.layers.BatchNormalization
