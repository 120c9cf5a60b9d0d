"""Models of Keras 2 (`tf_keras`), which tfmot prunes: recognized without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfprune.keras_internals import layers_inside, layers_of
from tfprune.linking.matching import Axes, Values

_KERNELS = {"kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings"}


def without_wrappers(model: Any) -> Any:
    """Return a tf_keras model without tfmot's pruning wrappers, on the same layers.

    A wrapper's mask and step counter would stay in the .tflite file as variables.
    """
    if not any(type(layer).__name__ == "PruneLowMagnitude" for layer in layers_of(model)):
        return model
    from tensorflow_model_optimization.sparsity.keras import strip_pruning

    return strip_pruning(model)


def kernels_of_tf_keras(model: Any) -> Iterator[tuple[str, Values, Axes]]:
    """Yield the name, values and output axes of each kernel of a Keras 2 model, each once."""
    seen: set[int] = set()
    for layer in layers_inside(model):
        if any(child.weights for child in layers_inside(layer)):
            continue  # its children are in the list themselves
        for variable in layer.weights:
            short = variable.name.split("/")[-1].split(":")[0]
            if short not in _KERNELS or id(variable) in seen:
                continue
            seen.add(id(variable))
            kind = "depthwise_kernel" if "Depthwise" in type(layer).__name__ else short
            values = np.asarray(variable, np.float32)
            yield f"{layer.name}/{short}", values, _out_axes(kind, type(layer).__name__, values)


def _out_axes(short: str, layer: str, values: Values) -> Axes:
    rank = values.ndim
    if short == "depthwise_kernel":
        return (rank - 2, rank - 1)
    if "Transpose" in layer:
        return (rank - 2,)
    return (rank - 1,)
