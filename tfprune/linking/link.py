"""Which constant of a file holds which kernel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
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
