"""Which files the demo makes of the dense and the pruned model, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
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
    Variant(label="dense float32", file="dense_float32.tflite", source="dense", sparse=False),
    Variant(label="pruned float32", file="pruned_float32.tflite", source="pruned", sparse=False),
    Variant(
        label="pruned float32 sparse",
        file="pruned_float32_sparse.tflite",
        source="pruned",
        sparse=True,
    ),
    Variant(
        label="pruned float16 sparse",
        file="pruned_float16_sparse.tflite",
        source="pruned",
        quantize="float16",
        sparse=True,
    ),
    Variant(
        label="pruned dynamic int8",
        file="pruned_dynamic_int8.tflite",
        source="pruned",
        quantize="dynamic",
    ),
    Variant(
        label="dense int8", file="dense_int8.tflite", source="dense", quantize="int8", sparse=False
    ),
    Variant(label="pruned int8", file="pruned_int8.tflite", source="pruned", quantize="int8"),
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
