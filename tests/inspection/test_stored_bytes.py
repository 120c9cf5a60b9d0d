from __future__ import annotations

import numpy as np

from tfprune.inspection.tflite_file import index_bytes
from tfprune.tflite.sparse_tensor import Level, SparseEncoding
from tfprune.tflite.tensor import Tensor


def level(segments, indices):
    return Level(None, np.array(segments, np.int64), np.array(indices, np.int64))


def test_a_dense_tensor_has_no_index_arrays():
    assert index_bytes(Tensor(index=0, name="w", shape=(2, 2), dtype="float32")) == 0


def test_index_arrays_count_in_the_narrowest_type_that_holds_them():
    """Three segments and two indices as bytes; then two indices above 255 as two bytes each."""
    encoding = SparseEncoding((0, 1), (), (level([0, 1, 2], [0, 7]), level([0, 2], [3, 300])))
    assert (
        index_bytes(Tensor(index=0, name="w", shape=(2, 512), dtype="float32", encoding=encoding))
        == 3 + 2 + 2 + 4
    )
