"""Which layer loses most in int8: networks in which one layer was made bad on purpose."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from tfprune import PruneError, convert, quantization_errors, quantize_model
from tfprune.runners import Runner

X = np.random.default_rng(0).normal(size=(64, 16)).astype("float32")

NAMES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


def network():
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((16,), name="x")
    for name in NAMES:
        x = layers.Dense(16, "relu", name=name)(x)
    x = layers.Dropout(0.5, name="drop")(x)
    return keras.Model(inputs, layers.Dense(4, name="head")(x), name="network")


def with_an_outlier_weight():
    """The second layer has huge weights for an input that is always zero."""
    model = network()
    kernel, bias = model.get_layer("first").get_weights()
    bias[5] = -1000.0
    model.get_layer("first").set_weights([kernel, bias])
    kernel, bias = model.get_layer("second").get_weights()
    kernel[5] = 50.0
    model.get_layer("second").set_weights([kernel, bias])
    return model


def with_a_wide_channel():
    """The first layer has a channel 100 times as large as the others; the second ignores it."""
    model = network()
    kernel, bias = model.get_layer("first").get_weights()
    kernel[:, 5] *= 100.0
    model.get_layer("first").set_weights([kernel, bias])
    kernel, bias = model.get_layer("second").get_weights()
    kernel[5] = 0.0
    model.get_layer("second").set_weights([kernel, bias])
    return model


@pytest.fixture(scope="module")
def outlier():
    model = with_an_outlier_weight()
    return model, quantization_errors(model, X)


@pytest.fixture(scope="module")
def wide():
    model = with_a_wide_channel()
    return model, quantization_errors(model, X, samples=16)


def error_of_the_file(model, folder, keep_float=()):
    """What the written file is off by, relative, by root mean square."""
    path = folder / "m.tflite"
    convert(model, path, "int8", X, keep_float=keep_float)
    with Runner(path) as runner:
        found = np.concatenate([runner.run([row[None]])[0] for row in X])
    wanted = model.predict(X, verbose=0)
    return np.linalg.norm(found - wanted) / np.linalg.norm(wanted)


def test_a_layer_with_an_outlier_weight_comes_first_and_its_weights_are_to_blame(outlier):
    _, found = outlier
    worst, next_one = found.rows[:2]
    assert worst.layer == "second" and worst.error > 10 * next_one.error
    assert worst.from_weights > 0.95


def test_keeping_it_float_restores_the_output_of_the_written_file(outlier, tmp_path):
    model, found = outlier
    assert found.suggestion == ("second",)
    before = error_of_the_file(model, tmp_path)
    after = error_of_the_file(model, tmp_path, keep_float=found.suggestion)
    assert before > 0.1 and after < 0.02


def test_what_is_reported_is_what_the_written_file_does(outlier, tmp_path):
    model, found = outlier
    assert found.error == pytest.approx(error_of_the_file(model, tmp_path), rel=0.2)
    assert found.bytes == pytest.approx((tmp_path / "m.tflite").stat().st_size, rel=0.2)


def test_a_wide_channel_spoils_the_layer_that_writes_it_and_the_one_that_reads_it(wide):
    _, found = wide
    assert {row.layer for row in found.rows[:2]} == {"first", "second"}
    assert all(row.from_weights < 0.05 for row in found.rows[:2])
    assert set(found.suggestion) == {"first", "second"}
    assert found.trials[1].error < found.error / 5


def test_each_layer_has_a_row_and_one_without_ops_its_reason(outlier):
    _, found = outlier
    rows = {row.layer: row for row in found.rows}
    assert set(rows) == {*NAMES, "drop", "head"}
    assert rows["drop"].error is None and "no op of its own" in rows["drop"].reason
    assert rows["head"].sqnr_db > 30


def test_a_layer_that_stays_float_has_a_row_with_the_reason():
    inputs = keras.Input((16,))
    x = keras.ops.sin(layers.Dense(8, name="a")(inputs))
    found = quantization_errors(keras.Model(inputs, layers.Dense(2, name="b")(x)), X[:8])
    [sine] = [row for row in found.rows if row.ops == "SIN"]
    assert sine.error is None and "no integer kernel" in sine.reason


def test_errors_spread_over_all_layers_are_said_to_be():
    found = quantization_errors(network(), X)
    assert found.suggestion == ()
    assert "quantize_model" in found.notes[0].reason


def test_it_is_ready_for_json(outlier):
    found = json.loads(json.dumps(outlier[1].to_dict(), allow_nan=False))
    assert found["rows"][0]["layer"] == "second" and found["suggestion"] == ["second"]
    assert found["sqnr_db"] == pytest.approx(-20 * np.log10(found["error"]))


def test_several_inputs_and_outputs():
    a, b = keras.Input((16,), name="a"), keras.Input((4,), name="b")
    x = layers.Dense(4, name="narrow")(a)
    heads = {"sum": layers.Add(name="plus")([x, b]), "own": layers.Dense(2, name="own")(x)}
    found = quantization_errors(keras.Model([a, b], heads), {"a": X, "b": X[:, :4]}, samples=4)
    assert {row.layer for row in found.rows if row.error} == {"narrow", "plus", "own"}


@pytest.mark.parametrize(
    ("model", "data", "samples", "found"),
    [
        (network, X, 0, "at least one sample"),
        (network, None, 8, "the data is missing"),
        (lambda: quantize_model(network()), X, 8, "comes from quantize_model"),
    ],
)
def test_what_can_not_be_measured_is_an_error(model, data, samples, found):
    with pytest.raises(PruneError, match=found):
        quantization_errors(model(), data, samples=samples)
