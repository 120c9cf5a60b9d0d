"""One kernel through every room: its name and its zeros must be the same everywhere."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune

NAME = "conv_pw_1/kernel"  # (1, 1, 8, 16): 128 weights, 96 of them to be zero


def small_mobilenet():
    image = keras.Input((32, 32, 3))
    x = layers.ZeroPadding2D(1)(image)
    x = layers.Conv2D(8, 3, 2, use_bias=False, name="conv1")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="conv_dw_1")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.Conv2D(16, 1, use_bias=False, name="conv_pw_1")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return keras.Model(image, layers.Dense(10, name="head")(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Plan, wrap, train for two batches, strip, convert, verify and benchmark."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("journey")
    model = small_mobilenet()
    settings = {
        "pruning_schedule": tfprune.ConstantSparsity(0.75, begin_step=0, frequency=1),
        "block_size": (1, 2),
        "pruning_policy": tfprune.PruneForLatencyOnXNNPack(),
    }
    plan = tfprune.plan_pruning(model, **settings)
    wrapped = tfprune.prune_low_magnitude(model, **settings)
    wrapped.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(size=(8, 32, 32, 3)).astype("float32")
    callbacks = [tfprune.UpdatePruningStep()]
    wrapped.fit(images, np.arange(8), batch_size=4, verbose=0, callbacks=callbacks)
    plain = tfprune.strip_pruning(wrapped)
    path = str(folder / "model.tflite")
    converted = tfprune.convert(plain, path)
    verified = tfprune.verify(plain, path, images)
    timed = tfprune.benchmark(path, runs=3, rounds=2)
    return plan, wrapped, plain, converted, verified, timed


def named(rows, name=NAME):
    (row,) = [row for row in rows if row.kernel == name]
    return row


def test_the_plan_has_its_row(journey):
    assert str(named(journey[0].rows)) == (
        "conv_pw_1/kernel (1, 1, 8, 16): prune to 0.75 in blocks of (1, 2) (default rule)"
    )


def test_training_makes_96_of_its_128_weights_zero_in_pairs_of_output_channels(journey):
    kernel = journey[2].get_layer("conv_pw_1").kernel.numpy()
    assert np.sum(kernel == 0) == 96
    pairs = kernel.reshape(8, 8, 2) == 0
    assert (pairs[..., 0] == pairs[..., 1]).all()


def test_the_stripped_model_is_plain_keras_and_computes_the_same(journey):
    wrapped, plain = journey[1:3]
    assert {type(layer).__module__.split(".")[0] for layer in plain.layers} == {"keras"}
    x = np.ones((2, 32, 32, 3), "float32")
    np.testing.assert_array_equal(wrapped.predict(x, verbose=0), plain.predict(x, verbose=0))


def test_the_file_holds_it_with_its_axes_turned(journey):
    converted = journey[3]
    link = named(converted.kernels)
    assert (link.keras_shape, link.tflite_shape) == ((1, 1, 8, 16), (16, 1, 1, 8))
    assert link.zeros == 96
    # So small a model would grow; the guard says so.
    assert "sparse storage takes" in converted.sparse_reason


def test_verify_counts_it_again_and_compares_the_outputs(journey):
    verified = journey[4]
    check = named(verified.kernels)
    assert (check.zeros_before, check.zeros_after, check.size) == (96, 96, 128)
    assert verified.passed


def test_inspect_shows_it_under_the_same_name_in_the_model_and_in_the_file(journey):
    for subject in (journey[2], journey[3].path):
        rows = {row.name: row.zeros for row in tfprune.inspect(subject).rows}
        assert rows[NAME if subject is journey[2] else named(journey[3].kernels).tensor] == 96


def test_it_runs(journey):
    (row,) = journey[5].rows
    assert row.median_ms > 0
