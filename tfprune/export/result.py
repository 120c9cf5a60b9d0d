"""What a conversion gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True)
class KernelLink:
    """One Keras kernel and the TFLite tensor it became.

    Args:
        kernel: The kernel's name, as in `tfprune.keras_facts.Kernel.name`.
        tensor: The TFLite tensor's name.
        tensor_index: Its index in its graph.
        keras_shape: The kernel's shape.
        tflite_shape: The tensor's shape.
        axes: `np.transpose(kernel, axes).reshape(tflite_shape)` has the tensor's zeros at the
            same places. The values may be scaled by a folded BatchNormalization. None if the
            tensor holds one part of the kernel (a gate of an LSTM).
        zeros: How many values of the tensor are zero.
        graph: The graph it lies in; 0 is the main one, others are bodies of loops (RNNs).
    """

    kernel: str
    tensor: str
    tensor_index: int
    keras_shape: tuple[int, ...]
    tflite_shape: tuple[int, ...]
    axes: tuple[int, ...] | None
    zeros: int
    graph: int = 0


@dataclass(frozen=True)
class ConvertResult(Shown):
    """A written .tflite file.

    Args:
        path: The file.
        quantize: `None`, `"float16"`, `"dynamic"`, `"int8"`, `"int16x8"` or `"int4"`.
        bytes: Its size.
        gzip_bytes: Its size after gzip -9, what a download costs.
        sparse: Whether its weights are stored sparse.
        sparse_reason: Why, or why not.
        kernels: Where each kernel went.
        notes: What was not done as asked, and why.
    """

    path: str
    quantize: str | None
    bytes: int
    gzip_bytes: int
    sparse: bool
    sparse_reason: str
    kernels: tuple[KernelLink, ...]
    notes: tuple[Note, ...]

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.export.table import convert_table

        return convert_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain lists, strings and numbers, ready for JSON."""
        return asdict(self)
