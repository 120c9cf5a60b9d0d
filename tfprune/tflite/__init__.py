"""Read a .tflite file: its graphs, ops and tensors. Needs no TensorFlow, runs nothing."""

from tfprune.tflite.model import Op, Subgraph, TFLiteModel
from tfprune.tflite.reading import read_tflite
from tfprune.tflite.sparse_tensor import SparseEncoding
from tfprune.tflite.tensor import Tensor

__all__ = ["Op", "SparseEncoding", "Subgraph", "TFLiteModel", "Tensor", "read_tflite"]
