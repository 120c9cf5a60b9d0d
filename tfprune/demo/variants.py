"""Which files the demo makes of the dense and the pruned model, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One file to make.

    Args:
        label: Its name in the report.
        file: Its name in the folder.
        source: `"dense"` or `"pruned"`, the Keras model it is made of.
        quantize: As in `tfprune.convert`.
        sparse: As in `tfprune.convert`.
    """

    label: str
    file: str
    source: str
    quantize: str | None = None
    sparse: bool | str = "auto"


# The first is the baseline. int8 files leave the choice to convert, whose reason they then show.
VARIANTS = (
    Variant("dense float32", "dense_float32.tflite", "dense", sparse=False),
    Variant("pruned float32", "pruned_float32.tflite", "pruned", sparse=False),
    Variant("pruned float32 sparse", "pruned_float32_sparse.tflite", "pruned", sparse=True),
    Variant("pruned float16 sparse", "pruned_float16_sparse.tflite", "pruned", "float16", True),
    Variant("pruned dynamic int8", "pruned_dynamic_int8.tflite", "pruned", "dynamic"),
    Variant("dense int8", "dense_int8.tflite", "dense", "int8", sparse=False),
    Variant("pruned int8", "pruned_int8.tflite", "pruned", "int8"),
)


def counterpart_of(variant: Variant) -> str | None:
    """Return the label of the dense file in a pruned one's number format, None if there is none.

    Example:
        >>> counterpart_of(VARIANTS[-1])
        'dense int8'
    """
    if variant.source == "dense":
        return None
    same = [v.label for v in VARIANTS if v.source == "dense" and v.quantize == variant.quantize]
    return same[0] if same else None
