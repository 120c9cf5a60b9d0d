"""A tfmot script on Keras 3: the import changes, the arguments stay.

    import tensorflow_model_optimization as tfmot   ->   import tfprune
    tfmot.sparsity.keras.prune_low_magnitude        ->   tfprune.prune_low_magnitude
    tfmot.sparsity.keras.UpdatePruningStep          ->   tfprune.UpdatePruningStep
    tfmot.sparsity.keras.strip_pruning              ->   tfprune.strip_pruning

pip install tfprune
python examples/coming_from_tfmot.py
"""

import keras
import numpy as np
from keras import layers

import tfprune


def main():
    pruning_params = {
        "pruning_schedule": tfprune.ConstantSparsity(0.5, begin_step=0, frequency=10),
        "block_size": (1, 4),
        "block_pooling_type": "MAX",
    }
    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(64, activation="relu"),
            tfprune.prune_low_magnitude(layers.Dense(64, activation="relu"), **pruning_params),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(640, 20)).astype("float32")
    callbacks = [tfprune.UpdatePruningStep(), tfprune.PruningSummaries(log_dir="logs")]
    model.fit(x, x[:, :1] * x[:, 1:2], epochs=2, verbose=0, callbacks=callbacks)
    plain = tfprune.strip_pruning(model)
    zeros = [float((layer.kernel.numpy() == 0).mean()) for layer in plain.layers]
    print("zeros per layer:", zeros)
    return zeros


if __name__ == "__main__":
    main()
