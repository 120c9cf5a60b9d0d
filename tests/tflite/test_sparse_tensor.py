"""The decoder of TFLite's sparse tensors, against literals and against an encoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tfprune.tflite.sparse_tensor import Level, SparseEncoding, decode

NONE = np.array([], np.int64)


def compressed(segments, indices):
    return Level(None, np.array(segments), np.array(indices, np.int64))


def test_a_matrix_with_compressed_columns():
    # The matrix and its encoding are the example of a CSR matrix:
    #   [[0, 8, 0],
    #    [0, 0, 0],
    #    [5, 0, 7]]
    encoding = SparseEncoding(
        (0, 1), (), (Level(3, NONE, NONE), compressed([0, 1, 1, 3], [1, 0, 2]))
    )
    dense = decode(np.array([8, 5, 7], np.float32), encoding, (3, 3))
    assert dense.tolist() == [[0, 8, 0], [0, 0, 0], [5, 0, 7]]
    assert dense.dtype == np.float32


def test_a_matrix_stored_by_columns():
    encoding = SparseEncoding((1, 0), (), (Level(2, NONE, NONE), compressed([0, 1, 2], [1, 0])))
    assert decode(np.array([4, 6]), encoding, (2, 2)).tolist() == [[0, 6], [4, 0]]


def test_a_matrix_of_1x2_blocks():
    # One stored block per row: columns 2 and 3 of row 0, columns 0 and 1 of row 1.
    levels = (Level(2, NONE, NONE), compressed([0, 1, 2], [1, 0]), Level(2, NONE, NONE))
    encoding = SparseEncoding((0, 1, 2), (1,), levels)
    dense = decode(np.array([1, 2, 3, 4]), encoding, (2, 4))
    assert dense.tolist() == [[0, 0, 1, 2], [3, 4, 0, 0]]


@pytest.mark.parametrize(
    ("found", "segments", "indices", "values"),
    [
        ("an index lies outside", [0, 1, 2], [0, 2], 2),
        ("points outside", [0, 1, 9], [0, 1], 2),
        ("too short", [0, 1], [0], 1),
        ("negative", [-1, 1, 2], [0, 1], 3),
        ("values stored", [0, 1, 2], [0, 1], 5),
    ],
)
def test_a_broken_encoding_is_refused(found, segments, indices, values):
    encoding = SparseEncoding((0, 1), (), (Level(2, NONE, NONE), compressed(segments, indices)))
    with pytest.raises(ValueError, match=found):
        decode(np.ones(values), encoding, (2, 2))


def test_a_block_that_does_not_divide_its_dimension_is_refused():
    levels = (Level(1, NONE, NONE), compressed([0, 0], []), Level(2, NONE, NONE))
    with pytest.raises(ValueError, match="no whole blocks of 2"):
        decode(np.array([]), SparseEncoding((0, 1, 2), (1,), levels), (1, 3))


def encode(dense, order):
    """Encode with all levels dense but the last, walking the dimensions in `order`."""
    walked = dense.transpose(order)
    rows = walked.reshape(-1, walked.shape[-1])
    segments = np.concatenate([[0], np.cumsum((rows != 0).sum(1))])
    levels = [Level(size, NONE, NONE) for size in walked.shape[:-1]]
    levels.append(Level(None, segments, np.nonzero(rows)[1]))
    return rows[rows != 0], SparseEncoding(tuple(order), (), tuple(levels))


@given(st.data())
def test_decoding_undoes_encoding_in_every_traversal_order(data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, max_side=5))
    dense = data.draw(arrays(np.int8, shape, elements=st.integers(0, 2)))
    order = data.draw(st.permutations(range(len(shape))))
    values, encoding = encode(dense, order)
    assert np.array_equal(decode(values, encoding, shape), dense)
