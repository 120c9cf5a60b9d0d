from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfprune.errors import PruneError
from tfprune.runners import TensorSpec, dequantize, quantize
from tfprune.runners.tensors import fit_inputs, wants_real_values

INT8 = TensorSpec(name="x", shape=(2,), dtype="int8", scale=0.5, zero_point=-1)
OPEN = TensorSpec(name="x", shape=(1, 3), dtype="float32", open_axes=(0,))


def test_zero_becomes_the_zero_point():
    assert quantize(np.array([0.0, 1.5]), INT8).tolist() == [-1, 2]


def test_values_beyond_the_range_are_clipped():
    assert quantize(np.array([1e9, -1e9]), INT8).tolist() == [127, -128]


@given(st.integers(-128, 127), st.floats(1e-6, 1e3), st.integers(-128, 127))
def test_quantize_undoes_dequantize(integer, scale, zero_point):
    spec = TensorSpec(name="x", shape=(1,), dtype="int8", scale=scale, zero_point=zero_point)
    assert quantize(dequantize(np.array([integer], np.int8), spec), spec).tolist() == [integer]


def test_a_wrong_shape_names_the_input_and_both_shapes():
    with pytest.raises(PruneError, match=r"shape \(1, 4\)[\s\S]*'x' has shape \('any', 3\)"):
        fit_inputs([np.zeros((1, 4))], [OPEN])


def test_an_open_axis_takes_any_size():
    [value] = fit_inputs([np.zeros((5, 3))], [OPEN])
    assert (value.shape, value.dtype) == ((5, 3), np.float32)


def test_a_missing_input_is_an_error_that_counts():
    with pytest.raises(PruneError, match="run on 1 inputs\nfound: the file takes 2"):
        fit_inputs([np.zeros((1, 3))], [OPEN, OPEN])


def test_raw_integers_stay_raw():
    raw = np.array([3, -4], np.int8)
    assert fit_inputs([raw], [INT8])[0].tolist() == [3, -4]
    assert not wants_real_values([raw], [INT8])


def test_token_ids_are_real_values_of_an_integer_input():
    tokens = TensorSpec(name="tokens", shape=(1, 2), dtype="int32")
    assert fit_inputs([np.array([[7, 8]], np.int64)], [tokens])[0].dtype == np.int32
    assert wants_real_values([np.array([[7, 8]])], [tokens])


def test_a_scalar_stays_a_scalar():
    [value] = fit_inputs([np.float64(2.0)], [TensorSpec(name="x", shape=(), dtype="float32")])
    assert (value.shape, value.dtype) == ((), np.float32)
