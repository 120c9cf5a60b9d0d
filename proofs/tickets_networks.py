"""The networks that `proofs.tickets` looks for tickets in, and how each is trained."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from proofs import resnets
from proofs.data import cifar10
from proofs.training import normalise
from tfprune.demo.digits import Digits, load_digits

EPOCHS, BATCH, RATE = 6, 60, 1.2e-3
IMAGES, TESTED, RESNET_EPOCHS, RESNET_BATCH, RESNET_RATE = 5_000, 2_000, 8, 128, 0.05


@dataclass(frozen=True, kw_only=True)
class Task:
    """A network and its training.

    Args:
        title: For the page.
        make_model, train, sparsity, rounds, controls: As `tfprune.find_ticket` takes them.
        rewinds: Back to which batches.
    """

    title: str
    make_model: Callable[[], Any]
    train: Callable[[Any, list[Any]], float]
    sparsity: float
    rounds: int
    controls: str
    rewinds: tuple[int, ...]


def make_dense() -> Any:
    """Return a network of 300 and 100 units, 266,200 weights."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(300, "relu", name="first"),
            layers.Dense(100, "relu", name="second"),
            layers.Dense(10, name="head"),
        ]
    )
    return _compiled(model, keras.optimizers.Adam(RATE))


def make_resnet() -> Any:
    """Return ResNet-20 with initial weights."""
    rate = keras.optimizers.schedules.CosineDecay(
        RESNET_RATE, RESNET_EPOCHS * (IMAGES // RESNET_BATCH)
    )
    return _compiled(resnets.resnet(20), keras.optimizers.SGD(rate, momentum=0.9, nesterov=True))


def _compiled(model: Any, optimizer: Any) -> Any:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    return model


@functools.cache
def digits() -> Digits:
    """Return the digits, read once."""
    return load_digits()


@functools.cache
def images() -> tuple[Any, Any, Any, Any]:
    """Return CIFAR-10's images to train and to test on, read once."""
    found = cifar10()
    train = normalise(found.train_x[:IMAGES]), found.train_y[:IMAGES]
    return *train, normalise(found.test_x[:TESTED]), found.test_y[:TESTED]


def train_dense(model: Any, callbacks: list[Any]) -> float:
    """Train for six epochs; return the accuracy on 1,000 other digits."""
    own = digits()
    return _trained(
        model, (own.train_x, own.train_y, own.test_x, own.test_y), BATCH, EPOCHS, callbacks
    )


def train_resnet(model: Any, callbacks: list[Any]) -> float:
    """Train for eight epochs; return the accuracy on 2,000 test images."""
    whole = IMAGES // RESNET_BATCH * RESNET_BATCH
    x, y, *test = images()
    return _trained(model, (x[:whole], y[:whole], *test), RESNET_BATCH, RESNET_EPOCHS, callbacks)


def _trained(model: Any, data: Any, batch: int, epochs: int, callbacks: list[Any]) -> float:
    x, y, test_x, test_y = data
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=callbacks)
    return float(model.evaluate(test_x, test_y, verbose=0, return_dict=True)["accuracy"])


TASKS = {
    "dense": Task(
        title="300 and 100 units, MNIST",
        make_model=make_dense,
        train=train_dense,
        sparsity=0.97,
        rounds=4,
        controls="all",
        rewinds=(0, 100),
    ),
    "resnet20": Task(
        title="ResNet-20, CIFAR-10",
        make_model=make_resnet,
        train=train_resnet,
        sparsity=0.9,
        rounds=3,
        controls="last",
        rewinds=(39,),
    ),
}
