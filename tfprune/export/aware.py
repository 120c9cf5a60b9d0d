"""Models from quantization-aware training, which carry their int8 ranges with them."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.keras_internals import layers_of
from tfprune.layer_names import Selectors
from tfprune.wrapping import HoldsRange


def is_aware(model: Any) -> bool:
    """Whether layers of a Keras model hold int8 ranges (each is a `HoldsRange`)."""
    return bool(_ranges(model))


def check_aware(model: Any, quantize: str | None, keep_float: Selectors = ()) -> None:
    """Check that a model from quantization-aware training is ready for this conversion.

    Raises:
        PruneError: it is to become something else than int8, a range was never learned, or layers
            are to be kept float only now.
    """
    ranges = _ranges(model)
    if ranges and quantize != "int8":
        raise PruneError(
            f"convert {model.name!r} with quantize={quantize!r}",
            "it comes from quantize_model and computes with int8 numbers",
            "use quantize='int8', or convert the model it was made from",
        )
    if ranges and keep_float:
        raise PruneError(
            f"convert {model.name!r} with keep_float={keep_float!r}",
            "it comes from quantize_model, which decided what is rounded",
            "pass it there: quantize_model(model, keep_float=...)",
        )
    unknown = [layer.name for layer in ranges if not layer.range_is_known]
    if unknown:
        raise PruneError(
            f"convert {model.name!r} with quantize='int8'",
            f"{len(unknown)} of its {len(ranges)} ranges were never learned: "
            f"{', '.join(unknown[:5])}",
            "train it first: model.compile(...); model.fit(...)",
        )


def _ranges(model: Any) -> list[Any]:
    if not isinstance(model, keras.Model):
        return []
    return [layer for layer in layers_of(model) if isinstance(layer, HoldsRange)]
