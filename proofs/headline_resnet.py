"""ResNet-56 on CIFAR-10, pretrained: filters or blocks go, repaired, taught, then int8."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfprune
from proofs import resnets
from proofs.data import Images, cifar10
from proofs.headline_measure import Made, Stages
from proofs.training import augmented, compile_for, fused_norms, normalise

BLOCKS, FEW = 8, 4
FEWER, TRAIN, EPOCHS, RATE, USED = 1.6, 25_000, 1, 0.01, 256
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def make(seed: int) -> Made:
    """Return dense and small files of one seed."""
    stages, images = Stages("resnet56", seed), cifar10()
    dense = resnets.pretrained(56, None)
    compile_for(dense, RATE)
    small = stages.model("small", partial(_taught, _narrow, dense, images, seed))
    shallow = stages.model("shallow", partial(_taught, _shallow, dense, images, seed))
    untrained = stages.model("untrained", lambda: _shallow(dense, *_samples(images, seed)[2:], FEW))
    few, calibration = normalise(images.train_x[:8]), normalise(images.train_x[:USED])
    made = {
        "dense": dense,
        f"{FEW} blocks fewer, untrained,": untrained,
        f"{BLOCKS} blocks fewer": shallow,
        "narrower": small,
    }
    for name, model in made.items():
        stages.convert(f"{name} float32", model, few)
        stages.convert(
            f"{name} int8", model, few, quantize="int8", representative_dataset=calibration
        )
    test = normalise(images.test_x), images.test_y
    return stages.made(lambda _: {"10,000 test images": test}, CLASSES)


def _narrow(dense: Any, scored: Any, samples: Any) -> Any:
    return tfprune.prune_structured(
        dense,
        1 - 1 / FEWER,
        tfprune.criteria.Taylor(scored),
        target="macs",
        scope="global",
        round_to=4,
        repair_on=samples,
    )


def _shallow(dense: Any, scored: Any, samples: Any, n: int = BLOCKS) -> Any:
    return tfprune.prune_layers(dense, n=n, criterion="loss", data=scored, repair_on=samples)


def _samples(images: Images, seed: int) -> tuple[Any, Any, Any, Any]:
    """Return images and labels to train on, labelled ones to judge by, and others to repair on."""
    x, y = normalise(images.train_x[:TRAIN]), images.train_y[:TRAIN]
    scored = tf.data.Dataset.from_tensor_slices((x[:512], y[:512])).batch(8)
    return x, y, scored, x[np.random.default_rng(seed).choice(len(x), USED, replace=False)]


def _taught(cut: Callable[[Any, Any, Any], Any], dense: Any, images: Images, seed: int) -> Any:
    """Return what a cut leaves, repaired, and trained for a while by labels and a teacher."""
    keras.utils.set_random_seed(seed)
    x, y, scored, samples = _samples(images, seed)
    small = cut(dense, scored, samples)
    data = augmented(x, y, seed=seed)
    taught = tfprune.Distilled(small, dense, temperature=4.0, alpha=0.7)
    compile_for(taught, keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * len(data)))
    with fused_norms(small):
        taught.fit(data, epochs=EPOCHS, verbose=2)
    return small
