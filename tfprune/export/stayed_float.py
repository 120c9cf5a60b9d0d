"""Which kernels and ops of a quantized file still compute in float, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfprune.linking.layer_ops import LayerOps, is_of, kinds_left_out, layer_ops
from tfprune.linking.link import KernelLink
from tfprune.notes import Note
from tfprune.runtimes import DYNAMIC_MINIMUM
from tfprune.tflite.model import TFLiteModel

_LEFT_ALONE = "quantize_model left its layer alone, or what it reads or writes has no int8 range"
_NO_KERNEL = "no integer kernel for it"
_SAME_KIND = "it moves values to several outputs, as does one that is kept float"


def stayed_float(
    tflite: TFLiteModel,
    model: Any,
    kernels: tuple[KernelLink, ...],
    quantize: str | None,
    aware: bool = False,
    kept: tuple[LayerOps, ...] = (),
) -> tuple[Note, ...]:
    """Return a note for each kernel that stayed float, and for each layer with float ops.

    Args:
        tflite: The converted file.
        model: The Keras model it was made of, None if it is not known.
        kernels: Its kernels, as `link_kernels` found them.
        quantize: How it was quantized; only int8 weights are meant, so None and `"float16"`
            give no notes.
        aware: Whether the model held its ranges itself, from `quantize_model`.
        kept: Layers that are float as asked, which need no further note.
    """
    if quantize not in ("dynamic", "int8", "int16x8"):
        return ()
    notes = [
        Note(link.kernel, _kernel_reason(link, quantize))
        for link in kernels
        if tflite.subgraphs[link.graph].tensors[link.tensor_index].dtype.startswith("float")
        and not is_of(kept, outputs_of(link, tflite))
    ]
    if quantize == "dynamic":
        return tuple(notes)
    layers = layer_ops(model, tflite)
    return (*notes, *_float_ops(tflite, layers, _LEFT_ALONE if aware else _NO_KERNEL, kept))


def _kernel_reason(link: KernelLink, quantize: str) -> str:
    size = 1
    for n in link.tflite_shape:
        size *= n
    if quantize == "dynamic" and size < DYNAMIC_MINIMUM:
        return (
            f"stayed float: {size} weights, and dynamic-range quantization leaves kernels of "
            f"fewer than {DYNAMIC_MINIMUM} alone"
        )
    if quantize == "dynamic":
        return "stayed float: its op has no dynamic-range kernel, or reads the weight elsewhere too"
    return "stayed float: its op has no integer kernel; use another layer or quantize='dynamic'"


def outputs_of(link: KernelLink, tflite: TFLiteModel) -> set[str]:
    """Return the names of the tensors that are computed from a kernel."""
    graph = tflite.subgraphs[link.graph]
    readers = [op for op in graph.ops if link.tensor_index in op.inputs]
    return {graph.tensors[index].name for op in readers for index in op.outputs}


def _float_ops(
    tflite: TFLiteModel, layers: tuple[LayerOps, ...], why: str, kept: tuple[LayerOps, ...]
) -> Iterator[Note]:
    kinds = kinds_left_out(kept)
    for layer in layers:
        found: dict[str, dict[str, None]] = {}
        for op in layer.ops:
            outputs = tflite.written_by(op)
            if any(t.dtype == "float32" for t in outputs) and not is_of(kept, [outputs[0].name]):
                reason = _SAME_KIND if op.name in kinds else why
                found.setdefault(reason, {})[op.name] = None
        for reason, names in found.items():
            verb = "computes" if len(names) == 1 else "compute"
            yield Note(layer.name, f"{', '.join(names)} {verb} in float: {reason}")
