"""Which kernels and ops of a quantized file still compute in float, and why."""

from __future__ import annotations

from tfprune.export.result import KernelLink
from tfprune.notes import Note
from tfprune.runtimes import DYNAMIC_MINIMUM
from tfprune.tflite.model import TFLiteModel

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
_LEFT_ALONE = "quantize_model left its layer alone, or what it reads or writes has no int8 range"


def stayed_float(
    tflite: TFLiteModel, kernels: tuple[KernelLink, ...], quantize: str | None, aware: bool = False
) -> tuple[Note, ...]:
    """Return a note for each kernel that stayed float, and for each float op of an integer file.

    Args:
        tflite: The converted file.
        kernels: Its kernels, as `link_kernels` found them.
        quantize: How it was quantized; only int8 weights are meant, so None and `"float16"`
            give no notes.
        aware: Whether the model held its ranges itself, from `quantize_model`.
    """
    if quantize not in ("dynamic", "int8", "int16x8"):
        return ()
    notes = [
        Note(link.kernel, _kernel_reason(link, quantize))
        for link in kernels
        if tflite.subgraphs[link.graph].tensors[link.tensor_index].dtype.startswith("float")
    ]
    return tuple(notes) if quantize == "dynamic" else (*notes, *_float_ops(tflite, aware))


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


def _float_ops(tflite: TFLiteModel, aware: bool) -> list[Note]:
    why = _LEFT_ALONE if aware else "no integer kernel for it"
    notes = []
    for graph in tflite.subgraphs:
        for op in graph.ops:
            outputs = [graph.tensors[i] for i in op.outputs]
            if op.name not in _CONVERSIONS and any(t.dtype == "float32" for t in outputs):
                name = outputs[0].name.split(";")[0]
                notes.append(Note(name, f"{op.name} computes in float: {why}"))
    return notes
