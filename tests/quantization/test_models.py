"""Whole models: nested, shared, several outputs, layers of one's own, layers left alone."""

import logging

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune
from tests.blocks import Inverted
from tfprune.quantization import FakeQuantize

from .road import batch_for, converted, float_ops, outputs_of, steps_apart, trained


def follows(model, tmp_path, equal=0.9, **settings):
    """Train, convert; check that the file is int8 and computes the same. Return the model."""
    inputs = batch_for(model)
    aware = trained(model, inputs, **settings)
    path = converted(aware, tmp_path)
    assert float_ops(path) == []
    for steps in steps_apart(aware, path, inputs).values():
        assert steps.max() < 2.01
        assert np.mean(steps < 0.01) > equal
    return aware


def block(filters=4):
    """A model that stands inside others."""
    inputs = keras.Input((8, 8, filters))
    x = layers.Conv2D(filters, 3, padding="same", name="inner")(inputs)
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Add()([layers.ReLU()(x), inputs]), name="block")


def names_of(model, kind):
    return [layer.name for layer in model.layers if isinstance(layer, kind)]


def test_a_nested_model_stays_nested(tmp_path):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    x = block()(x)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    aware = follows(model, tmp_path)
    assert "inner" in [layer.name for layer in aware.get_layer("block").layers]
    # Its input is rounded once, outside.
    assert "keras_tensor_range" not in names_of(aware.get_layer("block"), FakeQuantize)


def test_a_model_can_be_nested_twice(tmp_path):
    inputs = keras.Input((8, 8, 4))
    shared = block()
    follows(keras.Model(inputs, shared(shared(inputs))), tmp_path, equal=0.7)


def test_each_call_of_a_shared_layer_has_a_range_of_its_own(tmp_path):
    a, b = keras.Input((6,)), keras.Input((6,))
    shared = layers.Dense(6, name="shared")
    model = keras.Model([a, b], layers.Add()([shared(a), shared(shared(b))]))
    aware = follows(model, tmp_path, equal=0.7)
    assert {"shared_range", "shared_range_1", "shared_range_2"} <= set(
        names_of(aware, FakeQuantize)
    )


def test_losses_by_output_name_still_work():
    inputs = keras.Input((6,))
    heads = [layers.Dense(2, name="left")(inputs), layers.Dense(3, name="right")(inputs)]
    aware = tfprune.quantize_model(keras.Model(inputs, heads))
    aware.compile("sgd", {"left": "mse", "right": "mae"}, jit_compile=False)
    aware.train_on_batch(np.ones((4, 6)), {"left": np.ones((4, 2)), "right": np.ones((4, 3))})
    assert aware.output_names == ["left", "right"]


@keras.saving.register_keras_serializable("tests")
class Gate(layers.Layer):
    """A layer that says how it computes in int8."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), name="kernel")

    def call(self, x):
        return x * ops.sigmoid(x @ self.kernel)

    def int8_call(self, q, x):
        score = q.range(x @ q.kernel(self.kernel, axis=None), "score")
        return x * q.fixed(ops.sigmoid(score), 0, 255 / 256)


def test_a_layer_of_your_own_brings_its_rule(tmp_path):
    model = keras.Sequential([keras.Input((6,)), Gate(name="gate"), layers.Dense(3)])
    aware = follows(model, tmp_path, equal=0.8)
    aware.save(tmp_path / "aware.keras")
    loaded, inputs = keras.saving.load_model(tmp_path / "aware.keras"), batch_for(model)
    np.testing.assert_array_equal(
        outputs_of(loaded, inputs)["output_0"], outputs_of(aware, inputs)["output_0"]
    )


def test_a_layer_without_a_rule_stays_float_and_is_named(tmp_path, caplog):
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(6, name="first"),
            layers.LayerNormalization(name="norm"),
            layers.Dense(3, name="last"),
        ]
    )
    with caplog.at_level(logging.WARNING, logger="tfprune"):
        aware = trained(model, batch_for(model))
    assert "norm: stays float: its variance reaches over many powers of two" in caplog.text
    result = tfprune.convert(aware, tmp_path / "model.tflite", quantize="int8")
    [note] = [note for note in result.notes if "in float" in note.reason]
    assert note.subject == "norm"
    assert "MEAN" in note.reason


def test_layers_are_kept_float_by_name(tmp_path):
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(6, name="first"), layers.Dense(3, name="last")]
    )
    aware = trained(model, batch_for(model), keep_float=["la*"])
    assert float_ops(converted(aware, tmp_path)) == ["FULLY_CONNECTED"]


def test_a_name_that_no_layer_has_is_an_error():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="head")])
    with pytest.raises(tfprune.PruneError, match="the model has head"):
        tfprune.quantize_model(model, keep_float=["tail"])


def test_a_model_of_unknown_layers_only_is_an_error():
    model = keras.Sequential([keras.Input((6,)), layers.LayerNormalization(name="norm")])
    with pytest.raises(tfprune.PruneError, match="every layer would stay float"):
        tfprune.quantize_model(model)


def test_a_subclassed_model_is_an_error():
    class Plain(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(tfprune.PruneError, match="Plain"):
        tfprune.quantize_model(Plain())


def test_a_frozen_layer_stays_frozen():
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(3, name="a"), layers.Dense(3, name="b")]
    )
    model.get_layer("a").trainable = False
    aware = tfprune.quantize_model(model)
    assert [v.path.split("/")[-2] for v in aware.trainable_variables] == ["b", "b"]


def test_ranges_can_be_frozen():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="a")])
    aware = trained(model, batch_for(model))
    layer = next(layer for layer in aware.layers if isinstance(layer, FakeQuantize))
    before, layer.trainable = float(layer.high), False
    aware.compile("sgd", "mse", jit_compile=False)
    aware.train_on_batch(100 * np.ones((8, 6)), np.ones((8, 3)))
    assert float(layer.high) == before


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_mixed_precision_model_becomes_one_in_float32(tmp_path, caplog, policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential(
            [keras.Input((6,)), layers.Dense(6, "relu"), layers.Dense(3, dtype="float32")]
        )
        with caplog.at_level(logging.WARNING, logger="tfprune"):
            aware = follows(model, tmp_path)
        assert keras.config.dtype_policy().name == policy
    finally:
        keras.config.set_dtype_policy("float32")
    assert f"computed in {policy}; rebuilt in float32 since int8 is rounded in it" in caplog.text
    assert {layer.dtype_policy.name for layer in aware.layers} == {"float32"}
    assert model.layers[0].dtype_policy.name == policy


def test_two_replicas_learn_one_set_of_ranges(tmp_path, two_replicas):
    model = keras.Sequential([keras.Input((6,), name="x"), layers.Dense(3, name="a")])
    with two_replicas.scope():
        aware = tfprune.quantize_model(model)
        aware.compile("sgd", "mse", jit_compile=False)
    # Each replica sees one of these rows: the range is the mean of theirs.
    inputs = np.array([[1.0] * 6, [3.0] * 6], "float32")
    aware.fit(inputs, np.ones((2, 3)), batch_size=2, verbose=0)
    assert float(ops.convert_to_numpy(aware.get_layer("x_range").high)) == 2.0
    result = tfprune.convert(aware, tmp_path / "m.tflite", quantize="int8")
    assert tfprune.verify(aware, result.path, inputs / 2).passed


def test_a_composite_is_quantized_through_the_layers_inside_it(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 4), name="x"), Inverted(name="block")])
    follows(model, tmp_path)


def test_a_composite_named_in_keep_float_stays_as_it_is(caplog):
    block = Inverted(name="block")
    model = keras.Sequential([keras.Input((4, 4, 4)), block, layers.Conv2D(2, 1, name="head")])
    aware = tfprune.quantize_model(model, keep_float=["block"])
    assert type(aware.get_layer("block")) is Inverted
    assert "block: stays float: left float as asked (keep_float)" in caplog.text


def test_a_fill_of_the_users_own_is_told(caplog):
    x, known = keras.Input((6,), name="x"), keras.Input((6,), name="known")
    masked = layers.Dense(6, name="scores")(x) + keras.ops.multiply(1.0 - known, -1e9)
    with caplog.at_level(logging.WARNING, logger="tfprune"):
        tfprune.quantize_model(keras.Model([x, known], layers.Softmax()(masked)))
    [told] = [r.message for r in caplog.records if "a step of int8" in r.getMessage()]
    assert "computes with 1e+09: a step of int8 may be 3.9e+06 there" in told
