"""ResNet-20 and ResNet-56 for CIFAR-10 with option A shortcuts, as plain Keras 3 models.

    python -m proofs.resnets [--depths 20 56] [--weights FOLDER] [--data FILE.npz] [--json]
    python -m proofs.resnets --depths 20 --train 200

Loads pretrained weights and checks the accuracy on all 10,000 test images. The weights are
resnet20_cifar10.npz and resnet56_cifar10.npz, arrays under their usual PyTorch names, looked for
in the folder given with --weights, in the environment's TFPRUNE_WEIGHTS, and in the cache folder.
Without such files, --train EPOCHS trains from scratch and leaves one in the cache folder.
Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, 4.2.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

from proofs.counting import count_macs, count_weights
from proofs.data import cifar10
from proofs.packages import cache_folder
from proofs.training import accuracy, augmented, normalise, train
from tfprune.errors import FileError, first_line
from tfprune.files import replacing

WIDTHS = (16, 32, 64)


def resnet(depth: int, inner: Mapping[str, int] = MappingProxyType({})) -> keras.Model:
    """Build a ResNet of 6n+2 layers: a stem, three stages of n blocks, and ten logits.

    Args:
        depth: 20, 32, 44, 56, 110.
        inner: Filters of the first convolution of a block, by the block's name
            (`"stage1_block1"`), where they are not as many as the stage has.

    Returns:
        A Functional model with input (None, 32, 32, 3) and freshly drawn weights.
    """
    image = keras.Input((32, 32, 3))
    x = layers.ReLU(name="stem_relu")(_conv_bn(image, WIDTHS[0], 1, "stem_conv", "stem_bn"))
    for stage, width in enumerate(WIDTHS, 1):
        for block in range(1, (depth - 2) // 6 + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            name = f"stage{stage}_block{block}"
            x = _block(x, width, stride, name, inner.get(name, width))
    pooled = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(10, name="predictions")(pooled), name=f"resnet{depth}")


def _block(x: Any, width: int, stride: int, name: str, inner: int) -> Any:
    y = _conv_bn(x, inner, stride, f"{name}_conv1", f"{name}_bn1")
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = _conv_bn(y, width, 1, f"{name}_conv2", f"{name}_bn2")
    added = layers.Add(name=f"{name}_add")([y, _shortcut(x, width, stride, name)])
    return layers.ReLU(name=f"{name}_relu2")(added)


def _shortcut(x: Any, width: int, stride: int, name: str) -> Any:
    """Option A: every second pixel, and zeros for the channels that are missing."""
    if stride == 1:
        return x
    x = layers.MaxPooling2D(1, stride, name=f"{name}_subsample")(x)
    missing = (width - x.shape[-1]) // 2
    return keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (missing, missing)))


def _conv_bn(x: Any, width: int, stride: int, conv: str, bn: str) -> Any:
    # "same" at stride 2 pads right and bottom only; PyTorch's weights expect all four sides.
    if stride > 1:
        x = layers.ZeroPadding2D(1, name=f"{conv}_pad")(x)
    padding = "valid" if stride > 1 else "same"
    x = layers.Conv2D(width, 3, stride, padding, use_bias=False, name=conv)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=bn)(x)


def _torch_names(model: keras.Model) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    """Yield each variable's PyTorch name, the variable, and the axes from PyTorch's to Keras'."""
    names = {"gamma": "weight", "beta": "bias", "kernel": "weight", "bias": "bias"}
    names |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    for layer in (layer for layer in model.layers if layer.variables):
        place = layer.name.replace("stem_conv", "conv1").replace("stem_bn", "bn1")
        place = place.replace("predictions", "linear")
        if place.startswith("stage"):
            stage, block, name = place.split("_")
            place = f"layer{stage[5:]}.{int(block[5:]) - 1}.{name}"
        for variable in layer.variables:
            axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[len(variable.shape)]
            yield f"{place}.{names[variable.name]}", variable, axes


def load_weights(model: keras.Model, path: Path) -> None:
    """Assign arrays with PyTorch names (kernels OIHW) to a `resnet` of the same depth.

    Raises:
        FileError: the file is not an .npz with exactly these arrays.
    """
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files if "num_batches" not in name}
        for name, variable, axes in _torch_names(model):
            variable.assign(arrays.pop(name).transpose(axes))
    except (OSError, ValueError, KeyError) as error:
        fix = f"give the weights of a {model.name} for CIFAR-10 with option A shortcuts"
        raise FileError(f"load {path} into {model.name}", first_line(error), fix) from error
    if arrays:
        fix = "build the depth that the file was made for"
        raise FileError(f"load {path} into {model.name}", f"{len(arrays)} arrays too many", fix)


def save_weights(model: keras.Model, path: Path) -> None:
    """Write what `load_weights` reads."""
    arrays = {
        name: np.asarray(variable).transpose(np.argsort(axes))
        for name, variable, axes in _torch_names(model)
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def find_weights(depth: int, folder: str | None = None) -> Path:
    """Return the path of the pretrained weights.

    Raises:
        FileError: there are none in any of the three places.
    """
    name = f"resnet{depth}_cifar10.npz"
    folders = [folder, os.environ.get("TFPRUNE_WEIGHTS"), cache_folder()]
    for path in (Path(place, name) for place in folders if place):
        if path.is_file():
            return path
    raise FileError(
        f"find the weights of ResNet-{depth}",
        f"no {name} in {', '.join(str(place) for place in folders if place)}",
        f"pass --weights FOLDER, or train: python -m proofs.resnets --depths {depth} --train 200",
    )


def pretrained(depth: int, folder: str | None = None) -> keras.Model:
    """Build a ResNet and load its pretrained weights."""
    path = find_weights(depth, folder)
    model = resnet(depth)
    load_weights(model, path)
    return model


def main() -> int:
    """Check the accuracy of each network, or train it first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=int, nargs="+", default=[20, 56], help="which (20 56)")
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    parser.add_argument("--train", type=int, metavar="EPOCHS", help="train from scratch first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    test_x = normalise(images.test_x)
    if arguments.train:
        training = augmented(normalise(images.train_x), images.train_y)
    results = {}
    for depth in arguments.depths:
        if arguments.train:
            model = resnet(depth)
            train(model, training, arguments.train, learning_rate=0.1)
            save_weights(model, cache_folder() / f"resnet{depth}_cifar10.npz")
        else:
            model = pretrained(depth, arguments.weights)
        right = accuracy(model, test_x, images.test_y)
        weights, macs = count_weights(model), count_macs(model)
        results[model.name] = {"parameters": weights, "macs": macs, "accuracy": right}
        if not arguments.json:
            print(f"{model.name}: {weights:,} weights, {macs:,} MACs, accuracy {right:.2%}")
    if arguments.json:
        print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
