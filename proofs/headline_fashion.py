"""A VGG-like network on Fashion-MNIST: filters, a teacher, zeros and int8 together."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tfprune
from proofs.fashion import CLASSES, fashion
from proofs.headline_measure import Array, Made, Stages

WIDTHS, NEURONS, BATCH, TRAIN, USED = (32, 64, 128), 256, 128, 20_000, 256
EPOCHS, RATE = 5, 2e-3
STEPS = (0.5, 0.5, 0.5)
"""The share of the multiply-accumulates that goes in each step."""
ZEROS = 0.6


def make(seed: int) -> Made:
    """Return dense and small files of one seed."""
    stages = Stages("combined", seed)
    train_x, train_y, test_x, test_y = fashion()
    test = scaled(test_x), test_y.astype("int64")
    some = np.random.default_rng(seed).permutation(len(train_x))[:TRAIN]
    x, y = scaled(train_x[some]), train_y[some].astype("int64")
    dense = stages.model("dense", partial(_dense, x, y, seed))
    small = stages.model("small", partial(_small, dense, x, y, seed))
    both = stages.model("zeros", partial(_zeros, small, dense, x, y, seed))
    few, calibration = x[:8], {"quantize": "int8", "representative_dataset": x[:USED]}
    stages.convert("dense float32", dense, few)
    stages.convert("dense int8", dense, few, **calibration)
    stages.convert("small float32", small, few)
    stages.convert("small int8", small, few, **calibration)
    stages.convert("small, zeros, int8 training", both, few, quantize="int8")
    return stages.made(lambda _: {"10,000 test images": test}, CLASSES)


def scaled(images: Array) -> Array:
    """Return images with values from 0 to 1 and a channel."""
    return images[..., None].astype("float32") / 255


def vgg() -> Any:
    """Return the network: two convolutions of each width, two Dense layers, logits."""
    image = x = keras.Input((28, 28, 1))
    for width in WIDTHS:
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Dense(NEURONS, "relu")(layers.Flatten()(x)))
    return keras.Model(image, layers.Dense(10)(x), name="vgg")


def _fit(model: Any, x: Array, y: Array, epochs: int, rate: float, callbacks: Any = ()) -> Any:
    """Train in place on flipped and shifted images, the rate falling as a cosine."""

    def move(image: Any, label: Any) -> Any:
        moved = tf.image.random_crop(tf.pad(image, ((2, 2), (2, 2), (0, 0))), (28, 28, 1))
        return tf.image.random_flip_left_right(moved), label

    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).map(move)
    steps = epochs * (len(x) // BATCH)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    data = data.batch(BATCH, drop_remainder=True).prefetch(4)
    model.fit(data, epochs=epochs, verbose=2, callbacks=list(callbacks))
    return model


def _dense(x: Array, y: Array, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    return _fit(vgg(), x, y, EPOCHS, RATE)


def _small(dense: Any, x: Array, y: Array, seed: int) -> Any:
    """Take filters and neurons in steps, repaired and taught after each."""
    small = dense
    for i, ratio in enumerate(STEPS):
        small.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        criterion = tfprune.criteria.Taylor((x[:1024], y[:1024]))
        small = tfprune.prune_structured(
            small, ratio, criterion, target="macs", scope="global", round_to=4, repair_on=x[:USED]
        )
        keras.utils.set_random_seed(seed)
        last = i == len(STEPS) - 1
        taught = tfprune.Distilled(small, dense, temperature=4.0, alpha=0.7)
        _fit(taught, x, y, EPOCHS if last else 1, RATE / 2)
    return small


def _zeros(small: Any, dense: Any, x: Array, y: Array, seed: int) -> Any:
    """Let zeros grow, then train in int8 arithmetic with the masks on."""
    keras.utils.set_random_seed(seed)
    beat = len(x) // BATCH // 10
    schedule = tfprune.PolynomialDecay(0.0, ZEROS, 0, 20 * beat, frequency=beat)
    masked = tfprune.prune_low_magnitude(small, schedule, allocation="erdos_renyi")
    masks = [tfprune.UpdatePruningStep()]
    _fit(tfprune.Distilled(masked, dense, temperature=4.0, alpha=0.7), x, y, 4, RATE / 2, masks)
    rounded = tfprune.quantize_model(masked)
    return _fit(rounded, x, y, 2, RATE / 20, masks)
