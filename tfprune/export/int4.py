"""int4 weights through ai-edge-quantizer, the extra `int4`."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable
from typing import Any

from tfprune.errors import MissingExtra, PruneError, first_line
from tfprune.export.quiet import quiet
from tfprune.export.stayed_float import outputs_of
from tfprune.linking.layer_ops import LayerOps, is_of
from tfprune.linking.link import KernelLink
from tfprune.notes import Note
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.tensor import Tensor

# ai_edge_quantizer/default_policy.py, "dynamic_wi4_afp32"; other ops have no int4 kernels.
_KINDS = ("FULLY_CONNECTED", "CONV_2D", "EMBEDDING_LOOKUP")
_WORDS = "Dense, convolutions and embedding look-ups"
_BUILTIN = (
    "with int4 weights it runs in a builtin kernel, smaller, but slower than int8: XNNPACK has "
    "int4 for Dense only"
)
_EVERYTHING = ".*"


def with_int4_weights(content: bytes, float_layers: Iterable[LayerOps] = ()) -> bytes:
    """Return a float file with int4 weights; int8 where an op has no int4 kernel.

    Each output channel has a scale of its own, symmetric around zero, so that zeros stay zeros.
    Activations stay float in the file; kernels round them to int8 as they run.

    Args:
        content: A float file, stored dense.
        float_layers: Layers that keep their float weights.

    Raises:
        MissingExtra: ai-edge-quantizer is not installed.
        PruneError: it refuses the file.
    """
    quantizer, operation = load_quantizer()
    with contextlib.redirect_stdout(io.StringIO()), quiet():  # it prints a summary
        try:
            tool = quantizer.Quantizer(content)
            tool.add_dynamic_config(_EVERYTHING, operation.ALL_SUPPORTED, num_bits=8)
            for kind in _KINDS:
                tool.add_dynamic_config(_EVERYTHING, operation(kind), num_bits=4)
            for name in (name for layer in float_layers for name in layer.outputs):
                # Later rules win. A scope is the names of all outputs, each closed by `;`.
                scope = f"(^|;){re.escape(name)};"
                tool.update_quantization_recipe(
                    scope, operation.ALL_SUPPORTED, algorithm_key="no_quantize"
                )
            return bytes(tool.quantize().quantized_model)
        except Exception as error:
            raise PruneError(
                "convert with quantize='int4'",
                f"ai-edge-quantizer refuses the file: {first_line(error)}",
                "use quantize='int8' or 'dynamic'",
            ) from error


def notes_on_int4(
    tflite: TFLiteModel, kernels: Iterable[KernelLink], kept: tuple[LayerOps, ...] = ()
) -> tuple[Note, ...]:
    """Return a note for each kernel that did not become int4, and one if most bytes are not.

    Args:
        tflite: The file.
        kernels: Its kernels.
        kept: Layers that are float as asked, which need no further note.
    """
    notes = []
    for link in kernels:
        dtype = tflite.subgraphs[link.graph].tensors[link.tensor_index].dtype
        if dtype != "int4" and not is_of(kept, outputs_of(link, tflite)):
            notes.append(Note(link.kernel, f"{dtype}, not int4: only {_WORDS} have int4 kernels"))
    read = [tflite.read_by(op)[1] for op in tflite.all_ops if op.name == "CONV_2D"]
    if any(kernel is not None and _is_int4(kernel) for kernel in read):
        notes.append(Note("CONV_2D", _BUILTIN))
    packed = sum(t.stored_bytes for t in tflite.all_tensors if t.is_constant and _is_int4(t))
    if 2 * packed < tflite.bytes:
        rest = "the rest are other weights, scales, and the graph itself"
        found = f"int4 weights are {packed} of its {tflite.bytes} bytes; {rest}"
        notes.append(Note("size of the file", found))
    return tuple(notes)


def _is_int4(tensor: Tensor) -> bool:
    return tensor.dtype == "int4"


def load_quantizer() -> tuple[Any, Any]:
    """Return ai-edge-quantizer's module and its names of operations.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        with quiet():
            from ai_edge_quantizer import qtyping, quantizer
    except ImportError as error:
        raise MissingExtra.named(
            "convert with quantize='int4'", "ai-edge-quantizer", "int4"
        ) from error
    return quantizer, qtyping.TFLOperationName
