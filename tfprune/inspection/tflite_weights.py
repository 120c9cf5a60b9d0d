"""Which tensors of a .tflite file are weights, and which of them are kernels."""

from __future__ import annotations

import math

import numpy as np

from tfprune.tflite.model import Subgraph
from tfprune.tflite.tensor import Tensor

# Which inputs of an op are kernels if the file holds them, from the comments on each kernel's
# inputs in LiteRT's tflite/kernels/*.cc.
KERNEL_INPUTS = {
    "CONV_2D": (1,),
    "DEPTHWISE_CONV_2D": (1,),
    "CONV_3D": (1,),
    "TRANSPOSE_CONV": (1,),
    "CONV_3D_TRANSPOSE": (1,),
    "FULLY_CONNECTED": (1,),
    "BATCH_MATMUL": (0, 1),
    "EMBEDDING_LOOKUP": (1,),
    "GATHER": (0,),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 9)),
}
# Ops that pass a stored weight on in another form.
_FORMS = ("DENSIFY", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "CAST")


class Origins:
    """Leads from a tensor back to the stored weight that it is another form of."""

    def __init__(self, graph: Subgraph) -> None:
        self._producers = {output: op for op in graph.ops for output in op.outputs}

    def of(self, index: int) -> int:
        """Return the index of the tensor that `index` is a decoded or reshaped form of."""
        for _ in self._producers:  # at most so many steps, also where a broken file has a circle
            op = self._producers.get(index)
            if op is None or op.name not in _FORMS or not op.inputs:
                break
            index = op.inputs[0]
        return index


def is_weight(tensor: Tensor) -> bool:
    """Whether a stored tensor holds weights, not shapes or indices."""
    return tensor.quantized or tensor.dtype in ("float16", "float32", "float64", "bfloat16")


def dense_bytes(tensor: Tensor) -> int:
    """Return what a tensor takes stored densely."""
    return math.ceil(tensor.size * _bits(tensor.dtype) / 8)


def _bits(dtype: str) -> int:
    small = {"int2": 2, "int4": 4, "bfloat16": 16, "string": 0, "resource": 0, "variant": 0}
    return small[dtype] if dtype in small else np.dtype(dtype).itemsize * 8
