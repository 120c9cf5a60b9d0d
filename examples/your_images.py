"""From folders of images to a file for the phone: the steps of docs/tutorial.md.

Put your own images into `photos/train`, `photos/validation` and `photos/test`, a folder for each
class; without them digits are written there.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

import tfprune
from tfprune.demo.digits import load_digits, place


def write_digits(photos: Path, count: int) -> None:
    """Write digits as images: half to train on, a quarter each to judge by and to test."""
    digits = load_digits(count)
    images = place(np.concatenate([digits.train_x, digits.test_x]))[..., :1]
    labels = np.concatenate([digits.train_y, digits.test_y])
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        part = ("train", "train", "validation", "test")[number % 4]
        folder = photos / part / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(folder / f"{number:04}.png", image)


def main(samples: int = 5000, epochs: int = 10, photos: str = "photos") -> float:
    """Train, compress, and say what the file gets right of images nobody has looked at."""
    folder = Path(photos)
    if not folder.exists():
        write_digits(folder, samples)
    train = keras.utils.image_dataset_from_directory(
        folder / "train", image_size=(32, 32), color_mode="grayscale", verbose=False
    )
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(len(train.class_names), activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(train, epochs=epochs, verbose=0)
    model.save("model.keras")

    result = tfprune.compress(
        "model.keras",
        folder / "train",
        folder / "validation",
        budget={"macs": 0.5},
        max_drop=0.02,
        out="out",
        recipe={
            "prune": {"trials": 1, "steps": 1},
            "fine_tune": {"epochs": 2, "start": "repaired"},
        },
    )
    print(result)
    found = tfprune.evaluate("out/model.tflite", folder / "test", ["accuracy"])
    print(found)
    return float(found["accuracy"])


if __name__ == "__main__":
    main()
