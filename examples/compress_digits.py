"""From a trained Keras model to the fastest file within two points of accuracy, in one call.

Run it twice: the second time it finds everything done. `tfprune compress` is the same from a shell.
"""

from __future__ import annotations

import keras

import tfprune
from tfprune.demo.digits import load_digits


def main(samples: int = 5000, epochs: int = 5, out: str = "compressed_digits") -> bool:
    """Train a small network on digits, halve its work, and say what was reached."""
    digits = load_digits(samples)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    train, held = (digits.train_x, digits.train_y), (digits.test_x, digits.test_y)
    model.fit(*train, epochs=epochs, verbose=0)
    result = tfprune.compress(
        model,
        train,
        held,
        budget={"macs": 0.5},
        max_drop=0.02,
        out=out,
        recipe={"prune": {"trials": 1}, "fine_tune": {"epochs": 1}},
    )
    print(result)
    return result.passed


if __name__ == "__main__":
    main()
