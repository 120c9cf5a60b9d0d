"""The networks that `proofs.compress` takes to half their latency, with their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from proofs import mobilenet_model, resnets
from proofs.data import cifar10
from proofs.sentiment import reviews
from proofs.training import augmented, compile_for, normalise
from tfprune.demo.digits import load_digits, place
from tfprune.demo.networks import small_mobilenet
from tfprune.demo.settings import DemoSettings
from tfprune.demo.training import train_dense

TRAIN, JUDGED = 10_000, 2_000
TITLES = {
    "digits": "small MobileNet, digits",
    "resnet20": "ResNet-20, CIFAR-10",
    "mobilenetv2": "MobileNetV2, CIFAR-10 at 96 px",
    "sentiment": "small transformer, film reviews",
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A trained model and three sets of data that do not overlap.

    Args:
        name: The row's.
        model: Compiled and trained.
        train: To train on.
        validation: To choose by.
        unseen: To report.
        recipe: Settings that are not the defaults.
    """

    name: str
    model: Any
    train: Any
    validation: Any
    unseen: Any
    recipe: dict[str, Any]


def digits() -> Task:
    """Return the demo's small MobileNet on 5,000 digits of MNIST."""
    found = load_digits()
    model, settings = small_mobilenet(), DemoSettings()
    train_dense(model, found, settings)
    test = place(found.test_x)
    half = len(test) // 2
    return Task(
        name=TITLES["digits"],
        model=model,
        train=(place(found.train_x), found.train_y),
        validation=(test[:half], found.test_y[:half]),
        unseen=(test[half:], found.test_y[half:]),
        recipe={"fine_tune": {"epochs": 3, "batch_size": 64}},
    )


def resnet20() -> Task:
    """Return ResNet-20 with pretrained weights; a fifth of CIFAR-10's training images."""
    images = cifar10()
    model = resnets.resnet(20)
    resnets.load_weights(model, resnets.find_weights(20))
    compile_for(model, 0.01)
    test = normalise(images.test_x)
    return Task(
        name=TITLES["resnet20"],
        model=model,
        train=augmented(normalise(images.train_x[:TRAIN]), images.train_y[:TRAIN]),
        validation=(test[:JUDGED], images.test_y[:JUDGED]),
        unseen=(test[JUDGED:], images.test_y[JUDGED:]),
        recipe={"fine_tune": {"epochs": 4}, "prune": {"trials": 3}},
    )


def mobilenetv2() -> Task:
    """Return MobileNetV2, its backbone pretrained, fine-tuned on CIFAR-10 at 96 px."""
    images = cifar10()
    train = mobilenet_model.training_batches(images)
    model = mobilenet_model.dense_model(images, train)
    end = 2 * JUDGED
    return Task(
        name=TITLES["mobilenetv2"],
        model=model,
        train=train,
        validation=mobilenet_model.batches(images.test_x[:JUDGED], images.test_y[:JUDGED]),
        unseen=mobilenet_model.batches(images.test_x[JUDGED:end], images.test_y[JUDGED:end]),
        recipe={
            "fine_tune": {"epochs": 2, "learning_rate": 1e-4, "teacher": 0},
            "prune": {"trials": 2},
        },
    )


def sentiment() -> Task:
    """Return a small transformer, trained here on sentences of film reviews."""
    ids, praises = reviews()
    keras.utils.set_random_seed(0)
    model = _transformer(vocabulary=30_522, length=ids.shape[1], width=64, heads=4, blocks=2)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    first, second = 500, 1000
    train = ids[second:], praises[second:].astype("float32")
    model.fit(*train, epochs=4, batch_size=32, verbose=0)
    return Task(
        name=TITLES["sentiment"],
        model=model,
        train=train,
        validation=(ids[:first], praises[:first].astype("float32")),
        unseen=(ids[first:second], praises[first:second].astype("float32")),
        recipe={"fine_tune": {"epochs": 2}},
    )


def _transformer(vocabulary: int, length: int, width: int, heads: int, blocks: int) -> Any:
    layers, ops = keras.layers, keras.ops
    ids = keras.Input((length,), dtype="int32", name="ids")
    x = layers.Embedding(vocabulary, width, name="words")(ids)
    known = ops.not_equal(ids, 0)
    for block in range(blocks):
        attention = layers.MultiHeadAttention(heads, width // heads, name=f"attention_{block}")
        attended = attention(x, x, attention_mask=ops.expand_dims(known, 1))
        x = layers.LayerNormalization(name=f"norm_{block}a")(x + attended)
        inner = layers.Dense(4 * width, "relu", name=f"inner_{block}")(x)
        outer = layers.Dense(width, name=f"outer_{block}")(inner)
        x = layers.LayerNormalization(name=f"norm_{block}b")(x + outer)
    share = ops.expand_dims(ops.cast(known, "float32"), -1)
    mean = ops.sum(x * share, axis=1) / ops.maximum(ops.sum(share, axis=1), 1.0)
    score = layers.Dense(1, "sigmoid", name="praise")(layers.Dropout(0.3)(mean))
    return keras.Model(ids, score, name="film_reviews")


NETWORKS = {own.__name__: own for own in (digits, resnet20, mobilenetv2, sentiment)}
