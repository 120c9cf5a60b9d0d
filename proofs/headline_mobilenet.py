"""MobileNetV2 on CIFAR-10 at 96 px: filters go in two steps, repaired and taught, then int8."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np

import tfprune
from proofs import mobilenet_model
from proofs.data import Images, cifar10
from proofs.headline_measure import Made, Stages
from proofs.headline_resnet import CLASSES

STEPS, EPOCHS, TEST, USED = (0.25, 0.25), 3, 4_000, 256
"""The share of multiply-accumulates that goes in each step; epochs after the last."""


def make(seed: int) -> Made:
    """Return dense and small files of one seed; the dense network is the same for all seeds."""
    stages, images = Stages("mobilenetv2", seed), cifar10()
    train = mobilenet_model.training_batches(images)
    dense = mobilenet_model.dense_model(images, train)
    small = stages.model("small", partial(_small, dense, images, train, seed))
    samples = mobilenet_model.inputs(images.train_x[:USED])
    for name, model in (("dense", dense), ("small", small)):
        stages.convert(f"{name} float32", model, samples[:8])
        stages.convert(
            f"{name} int8", model, samples[:8], quantize="int8", representative_dataset=samples
        )
    test = mobilenet_model.inputs(images.test_x[:TEST]), images.test_y[:TEST]
    return stages.made(lambda _: {f"{TEST:,} test images": test}, CLASSES)


def _small(dense: Any, images: Images, train: Any, seed: int) -> Any:
    """Take filters, repaired and taught after each step; the last is the long one."""
    keras.utils.set_random_seed(seed)
    drawn = np.random.default_rng(seed).choice(mobilenet_model.TRAIN, USED, replace=False)
    samples, small = mobilenet_model.inputs(images.train_x[drawn]), dense
    for i, ratio in enumerate(STEPS):
        mobilenet_model.compile_for(small, len(train))
        criterion = tfprune.criteria.Fisher(train.take(32))
        small = tfprune.prune_structured(
            small, ratio, criterion, target="macs", scope="global", round_to=8, repair_on=samples
        )
        epochs = EPOCHS if i == len(STEPS) - 1 else 1
        taught = tfprune.Distilled(small, dense, temperature=4.0, alpha=0.7)
        mobilenet_model.compile_for(taught, epochs * len(train))
        taught.fit(train, epochs=epochs, verbose=2)
        small = tfprune.recalibrate(small, train)
    return small
