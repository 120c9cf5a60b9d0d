"""Load a smaller model where tfprune is not imported; run by proofs.strangers."""

from __future__ import annotations

import sys

import keras
import numpy as np

import proofs.strangers_blocks  # a user's own layers
import proofs.strangers_layers  # noqa: F401


def said_of(path: str) -> str:
    """Return whether a model computes what it computed where it was made.

    Args:
        path: Of the model without `.keras`, and of the inputs and outputs without `.npz`.
    """
    model = keras.saving.load_model(f"{path}.keras", compile=False)
    arrays = np.load(f"{path}.npz")
    inputs = [arrays[f"x{i}"] for i in range(len(model.inputs))]
    outputs = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    equal = all(np.allclose(y, arrays[f"y{i}"], atol=1e-6) for i, y in enumerate(outputs))
    return "with tfprune" if "tfprune" in sys.modules else "equal" if equal else "differs"


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            said = said_of(line.strip())
        except Exception as error:
            said = f"no: {type(error).__name__}: {str(error).splitlines()[0]}"
        print(said, flush=True)
