"""Trains the small pruned model in every form; the parent kills it, or lets it resume.

Usage: resume_worker.py {first|second} FOLDER
"""

import functools
import os
import pathlib
import signal
import sys

import keras
import numpy as np
import tensorflow as tf

from tests.masks.conftest import X, Y, all_masked, optimized, wrapped
from tfprune import UpdatePruningStep

CARRIERS = {"wrapper": wrapped, "optimizer": optimized}
FORMS = [
    ("wrapper", "keras"),
    ("wrapper", "weights"),
    ("wrapper", "checkpoint"),
    ("optimizer", "keras"),
    ("optimizer", "checkpoint"),
]


def optimizer_of(form):
    """Weights alone hold no momentum, so plain SGD is what they can resume exactly."""
    return "sgd" if form == "weights" else "adam"


def fresh(carrier, optimizer):
    keras.utils.set_random_seed(3)
    model = CARRIERS[carrier](optimizer)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, start, stop):
    callback = UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    for i in range(start, stop):
        model.train_on_batch(X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4])
    return model


def save(model, form, path):
    if form == "keras":
        model.save(f"{path}.keras")
    elif form == "weights":
        model.save_weights(f"{path}.weights.h5")
    else:
        tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(path))


def load(carrier, form, path):
    if form == "keras":
        return keras.models.load_model(f"{path}.keras")
    model = fresh(carrier, optimizer_of(form))
    if form == "weights":
        model.load_weights(f"{path}.weights.h5")
    else:
        checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
        checkpoint.read(str(path)).assert_consumed()
    return model


def state(model):
    masked = all_masked(model)
    own = [v for m in masked for v in (m.kernel.variable, m.mask, m.step)]
    return [v.numpy() for v in (*own, *model.variables)]


@functools.cache
def half(carrier, optimizer):
    return train(fresh(carrier, optimizer), 0, 7)


@functools.cache
def whole(carrier, optimizer):
    return state(train(fresh(carrier, optimizer), 0, 16))


def main(part, folder):
    for carrier, form in FORMS:
        path = pathlib.Path(folder) / f"{carrier}-{form}"
        if part == "first":
            save(half(carrier, optimizer_of(form)), form, path)
        else:
            np.savez(f"{path}-resumed.npz", *state(train(load(carrier, form, path), 7, 16)))
            np.savez(f"{path}-whole.npz", *whole(carrier, optimizer_of(form)))
    if part == "first":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
