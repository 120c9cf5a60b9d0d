"""What lies in the body of a loop belongs to the file: precision, weights, ops, zeros."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.inspection import inspect
from tfprune.tflite.reading import read_tflite
from tfprune.verification.tolerance import precision_of
from tfprune.verification.zeros import check_zeros

LINES = np.random.default_rng(0).normal(size=(4, 5, 32)).astype("float32")


@pytest.fixture(scope="module")
def looped(tmp_path_factory):
    """A model whose only large kernels stand in a loop, and its dynamic-range int8 file."""
    model = keras.Sequential([keras.Input((5, 32)), layers.GRU(32, name="rnn"), layers.Dense(2)])
    kernel = model.get_layer("rnn").cell.kernel
    kernel.assign(kernel * (np.arange(96) % 2))
    path = str(tmp_path_factory.mktemp("looped") / "model.tflite")
    return model, tfprune.convert(model, path, quantize="dynamic")


def test_the_precision_of_a_loop_is_that_of_the_file(looped):
    assert precision_of(read_tflite(looped[1].path)) == "dynamic"


def test_a_file_with_a_loop_is_judged_as_what_it_is(looped):
    found = tfprune.verify(looped[0], looped[1].path, LINES)
    errors = [check.max_abs_error for check in found.checks if "XNNPACK" in check.name]
    assert len(errors) == 2 and min(errors) > 1e-4


def test_the_kernels_of_a_loop_are_compared_by_name_too(looped):
    checks, _ = check_zeros(looped[0], (), read_tflite(looped[1].path))
    assert {check.kernel: check.zeros_after for check in checks}["rnn/gru_cell/kernel"] >= 1536


def test_the_ops_of_a_loop_are_listed_and_what_they_cost_is_unknown(looped):
    found = inspect(looped[1].path)
    body = [row for row in found.layers if row.op == "FULLY_CONNECTED" and row.macs is None]
    assert len(body) >= 1
    assert found.totals.macs is None
    assert any("how often the body of a loop" in note.reason for note in found.notes)


def test_a_stateful_network_becomes_int8(tmp_path):
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(1, 3, 8)),
            layers.SimpleRNN(4, stateful=True, unroll=True),
            layers.Dense(2),
        ]
    )
    path = tmp_path / "model.tflite"
    result = tfprune.convert(model, path, quantize="int8", representative_dataset=LINES[:, :3, :8])
    ops = read_tflite(result.path).all_ops
    assert any(not op.outputs for op in ops)  # what sets the variable with its state
