"""Which models proofs.coverage runs, and how each is built without pretrained weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from proofs.coverage_hub import HUB, TEXT
from tfprune.errors import PruneError

APPLICATIONS: dict[str, tuple[str, ...]] = {
    "MobileNet": ("MobileNet",),
    "MobileNetV2": ("MobileNetV2",),
    "MobileNetV3": ("MobileNetV3Small", "MobileNetV3Large"),
    "ResNet": ("ResNet50", "ResNet101", "ResNet152"),
    "ResNetV2": ("ResNet50V2", "ResNet101V2", "ResNet152V2"),
    "VGG": ("VGG16", "VGG19"),
    "DenseNet": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "Inception": ("InceptionV3",),
    "InceptionResNet": ("InceptionResNetV2",),
    "Xception": ("Xception",),
    "EfficientNet": tuple(f"EfficientNetB{i}" for i in range(8)),
    "EfficientNetV2": tuple(f"EfficientNetV2{i}" for i in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    "NASNet": ("NASNetMobile", "NASNetLarge"),
    "ConvNeXt": tuple(f"ConvNeXt{i}" for i in ("Tiny", "Small", "Base", "Large", "XLarge")),
}
# The smallest image, in pixels, that these accept; all others get 64.
_PIXELS = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
# Where nothing normalizes the signal fades; in EfficientNetV2L, with channels silenced, it grows to
# 1e7 and rounding with it.
_GAINS = {"VGG16": 1.7, "VGG19": 1.7, "EfficientNetV2L": 0.95}


@dataclass(frozen=True)
class Candidate:
    """One model of the table.

    Args:
        name: "MobileNetV2", "BertBackbone".
        family: The models of one family stand together.
        library: "keras.applications" or "keras_hub".
        build: Builds it, with the library's own initial weights.
        gain: What its kernels are multiplied by.
    """

    name: str
    family: str
    library: str
    build: Callable[[], Any]
    gain: float = 1.0


def candidates() -> list[Candidate]:
    """Return all models: the smallest of each family, keras_hub, then the larger ones."""
    ours = [
        (place, _of_applications(name, family))
        for family, names in APPLICATIONS.items()
        for place, name in enumerate(names)
    ]
    ours.sort(key=lambda pair: pair[0])
    hub = [Candidate(name, name, "keras_hub", partial(_backbone, name)) for name in HUB]
    smallest = [candidate for place, candidate in ours if place == 0]
    return [*smallest, *hub, *(candidate for place, candidate in ours if place > 0)]


def _of_applications(name: str, family: str) -> Candidate:
    build = partial(_application, name)
    return Candidate(name, family, "keras.applications", build, _GAINS.get(name, 1.0))


def _application(name: str) -> Any:
    import keras

    build = getattr(keras.applications, name)
    pixels = _PIXELS.get(name, 64)
    settings = {"weights": None, "input_shape": (pixels, pixels, 3), "classes": 10}
    if "classifier_activation" in inspect.signature(build).parameters:
        settings["classifier_activation"] = None  # logits: a softmax would hide differences
    return build(**settings)


def _backbone(name: str) -> Any:
    try:
        import keras_hub
    except ImportError as error:
        fix = 'pip install "tfprune[hub]"'
        raise PruneError(f"build {name}", "keras_hub is not installed", fix) from error
    build = getattr(keras_hub.models, name, None)
    if build is None:
        found = f"keras_hub {keras_hub.__version__} has no such model"
        raise PruneError(f"build {name}", found, "install a newer keras-hub")
    return build(**HUB[name])


def randomize(model: Any, rng: np.random.Generator, gain: float = 1.0) -> None:
    """Give a model weights that a mistake would show in, and that let its inputs through.

    Biases and scales are drawn. BatchNormalization gets the statistics of what really comes, as in
    a trained network, its variances times 0.5 to 1.5; with drawn ones a deep network forgets its
    inputs, and with them all that its first layers do.

    Args:
        model: The model.
        rng: The source of randomness.
        gain: What its kernels are multiplied by in the end.
    """
    for variable in model.variables:
        name = variable.path.split("/")[-1]
        if name in ("gamma", "scale"):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif name in ("beta", "bias"):
            variable.assign(rng.uniform(-0.3, 0.3, variable.shape))
    moving = [variable for variable in model.variables if "/moving_" in variable.path]
    if moving:
        _settle(model, rng)
        for variable in moving:
            if variable.path.endswith("variance"):
                variable.assign(variable * rng.uniform(0.5, 1.5, variable.shape))
    for variable in model.variables:
        if gain != 1 and variable.path.endswith("/kernel"):
            variable.assign(gain * variable)


def _settle(model: Any, rng: np.random.Generator) -> None:
    import tensorflow as tf

    import tfprune

    given = inputs_for(model, rng, samples=16)
    given = (tuple(given),) if isinstance(given, list) else given  # a list would become one tensor
    data = tf.data.Dataset.from_tensor_slices(given).batch(8)
    model.set_weights(tfprune.recalibrate(model, data).get_weights())


def inputs_for(model: Any, rng: np.random.Generator, samples: int = 2, length: int = 8) -> Any:
    """Return random inputs, nested like the model's: images, token ids, masks.

    Args:
        model: The model.
        rng: The source of randomness.
        samples: Batch size.
        length: Where the model leaves a length open.
    """
    import keras

    names = {id(tensor): tensor._keras_history.operation.name for tensor in model.inputs}

    def one(tensor: Any) -> np.ndarray:
        shape = [samples, *(n or length for n in tensor.shape[1:])]
        if "mask" in names[id(tensor)]:
            mask = np.ones(shape, tensor.dtype)
            mask[:, -2:] = 0
            return mask
        if "int" in tensor.dtype:
            high = 2 if "segment" in names[id(tensor)] else TEXT["vocabulary_size"]
            return rng.integers(0, high, shape).astype(tensor.dtype)
        return rng.normal(size=shape).astype(tensor.dtype)

    return keras.tree.map_structure(one, model.input)
