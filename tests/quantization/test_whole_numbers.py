"""Integers and bools in a model: pixels become numbers that are rounded, indices never change."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune
from tfprune.tflite import read_tflite

from .road import BATCH, change, converted, outputs_of, steps_apart, unlearned

# None of these computes anything; Keras calls the output of the first five float32, whatever it is.
MOVES = {
    "max_pool": lambda x: layers.MaxPooling2D(2)(x),
    "zero_padding": lambda x: layers.ZeroPadding2D(1)(x),
    "cropping": lambda x: layers.Cropping2D(1)(x),
    "upsampling": lambda x: layers.UpSampling2D(2)(x),
    "add_layer": lambda x: layers.Add()([x, x]),
    "permute": lambda x: layers.Permute((2, 1, 3))(x),
    "flatten": lambda x: layers.Reshape((8, 8, 3))(layers.Flatten()(x)),
    "squeeze": lambda x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)),
    "slice": lambda x: x[:, 1:, ::2],
    "concatenate": lambda x: ops.concatenate([x, x], axis=1),
    "where": lambda x: ops.where(ops.equal(x, x), x, x),
}
STARTS = {
    "rescaling": layers.Rescaling(1 / 255, offset=-0.2),
    "normalization": layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[2.0, 3.0, 4.0]),
    "batch_normalization": layers.BatchNormalization(),
    "product": lambda x: x * 0.5,
    "bilinear": layers.UpSampling2D(2, interpolation="bilinear"),
    "sum_with_floats": lambda x: layers.Add()([layers.Conv2D(3, 1)(layers.Rescaling(0.1)(x)), x]),
}
CHANGES = {
    "plus_one": lambda ids: ids + 1,
    "maximum": lambda ids: ops.maximum(ids, 3),
    "concatenate": lambda ids: layers.Concatenate()([ids, ids]),
    "where": lambda ids: ops.where(ids > 500, ids, ids - 0),
    "positions": lambda ids: ops.cumsum(ops.cast(ids > 500, ids.dtype), axis=1) + 5,
    "reshape": lambda ids: layers.Reshape((3, 4))(ids),
    "add_layer": lambda ids: layers.Add()([ids, ids]) - ids,
    "through_integers": lambda ids: ops.cast(ids + 1, "int32"),
}
IDS = np.random.default_rng(0).integers(0, 998, (BATCH, 12))


def head(x):
    return layers.Dense(3)(layers.Flatten()(x))


def vectors(ids):
    return layers.Embedding(1000, 4, embeddings_initializer="normal")(ids)


def changed(inputs, outputs, arrays):
    """How far the quantized model is from the float one before it learns."""
    keras.utils.set_random_seed(0)
    model = keras.Model(inputs, outputs)
    return change(unlearned(model, arrays)(arrays), model(arrays))


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float16"])
@pytest.mark.parametrize("name", MOVES)
def test_what_is_only_moved_keeps_its_dtype(name, dtype):
    if (name, dtype) in [("max_pool", "bool"), ("add_layer", "bool"), ("add_layer", "uint8")]:
        pytest.skip("Keras cannot, or its sum overflows")
    image = keras.Input((8, 8, 3), dtype=dtype)
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, 8, 8, 3)).astype(dtype)
    assert changed(image, head(layers.Rescaling(0.01)(MOVES[name](image))), pixels) < 0.05


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float16"])
@pytest.mark.parametrize("name", STARTS)
def test_integers_become_numbers_where_something_computes_with_them(name, dtype):
    if (name, dtype) == ("bilinear", "bool"):
        pytest.skip("Keras cannot resize bools")
    image = keras.Input((8, 8, 3), dtype=dtype)
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, 8, 8, 3)).astype(dtype)
    assert changed(image, head(STARTS[name](image)), pixels) < 0.05


@pytest.mark.parametrize("dtype", ["int32", "uint16", "float32"])
@pytest.mark.parametrize("name", CHANGES)
def test_indices_stay_exact(name, dtype):
    ids = keras.Input((12,), dtype=dtype)
    assert changed(ids, head(vectors(CHANGES[name](ids))), IDS.astype(dtype)) < 0.05


@pytest.mark.parametrize("inner_dtype", ["int32", "float32"])
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_indices_stay_exact_on_their_way_into_a_nested_model(dtype, inner_dtype):
    inside = keras.Input((12,), dtype=inner_dtype)
    inner = keras.Model(inside, vectors(inside + 1), name="inner")
    ids = keras.Input((12,), dtype=dtype)
    assert changed(ids, head(inner(ids)), IDS.astype(dtype)) < 0.05


def test_pixels_are_rounded_on_their_way_into_a_nested_model():
    inside = keras.Input((8, 8, 3))
    inner = keras.Model(inside, layers.Conv2D(4, 3)(inside), name="inner")
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    aware = tfprune.quantize_model(keras.Model(image, head(inner(image))))
    assert aware.get_layer("image_range").fixed == (0.0, 255.0)


def masked_attention():
    ids = keras.Input((12,), dtype="int32", name="ids")
    known, x = ops.not_equal(ids, 0), vectors(ids)
    x = layers.MultiHeadAttention(2, 3)(x, x, attention_mask=ops.expand_dims(known, 1))
    return ids, x * ops.expand_dims(ops.cast(known, "float32"), -1)


def test_masks_of_ids_are_moved_and_read_as_they_are():
    ids, x = masked_attention()
    padded = IDS * (np.arange(12) < 7)
    assert changed(ids, head(x), padded.astype("int32")) < 0.05


def test_indices_that_are_floats_are_told_to_stay_so(caplog):
    ids = keras.Input((12,), name="ids")
    tfprune.quantize_model(keras.Model(ids, head(vectors(layers.Reshape((3, 4), name="r")(ids)))))
    assert "r: stays float: it computes indices, which rounding would change" in caplog.text


def test_the_file_of_a_model_of_pixels_and_ids_computes_what_keras_computes(tmp_path):
    ids, text = masked_attention()
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    seen = layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(layers.Cropping2D(1)(image)))
    both = layers.Concatenate()([layers.Flatten()(text), layers.Flatten()(seen)])
    model = keras.Model([ids, image], layers.Dense(3)(both))
    random = np.random.default_rng(0)
    arrays = [IDS.astype("int32"), random.integers(0, 256, (BATCH, 8, 8, 3)).astype("uint8")]
    aware = unlearned(model, arrays)
    aware.save(tmp_path / "aware.keras")
    loaded = keras.saving.load_model(tmp_path / "aware.keras")
    np.testing.assert_array_equal(loaded(arrays), outputs_of(aware, arrays)["output_0"])
    steps = steps_apart(aware, converted(aware, tmp_path), arrays)["output_0"]
    assert steps.max() < 2.01


@pytest.mark.parametrize(
    ("dtype", "make", "looks"),
    [
        ("int32", lambda ids: ids, 1),
        ("int32", lambda ids: ops.clip(ids, 0, 999)[:, 1:], 0),
        ("uint16", lambda ids: ids, 0),
    ],
)
def test_a_table_looks_for_ids_below_zero_only_where_there_may_be_some(
    dtype, make, looks, tmp_path
):
    """Keras counts them from the end of the table, in three ops."""
    ids = keras.Input((12,), dtype=dtype, name="ids")
    given = IDS.astype(dtype)
    aware = unlearned(keras.Model(ids, head(vectors(make(ids)))), given)
    path = converted(aware, tmp_path)
    assert [op.name for op in read_tflite(path).ops].count("LESS") == looks
    assert steps_apart(aware, path, given)["output_0"].max() < 1.01
