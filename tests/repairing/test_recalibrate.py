import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.layers import TimeDistributed

from tfprune.errors import PruneError, PruneWarning
from tfprune.repairing.recalibrate import recalibrate

RNG = np.random.default_rng(0)


def one_norm(**options):
    return keras.Sequential([keras.Input((1,)), layers.BatchNormalization(**options)])


def statistics(model):
    norm = next(x for x in model._flatten_layers() if isinstance(x, layers.BatchNormalization))
    return np.array(norm.moving_mean), np.array(norm.moving_variance)


def test_the_variance_is_that_of_all_batches_together():
    batches = tf.data.Dataset.from_tensor_slices([[0.0], [2.0], [10.0]]).batch(2)
    mean, variance = statistics(recalibrate(one_norm(), batches))
    np.testing.assert_allclose(mean, [4], rtol=1e-6)
    np.testing.assert_allclose(variance, [(16 + 4 + 36) / 3], rtol=1e-6)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return np.array([[1.0], [3.0]]) + 4 * i, np.zeros(2)


X = np.array([[1.0], [3.0], [5.0], [7.0]], "float32")
DATASET = tf.data.Dataset.from_tensor_slices(X).batch(2)
DATA = {
    "array": lambda: X,
    "inputs and targets": lambda: (X, np.zeros(4)),
    "dataset": lambda: DATASET,
    "dataset of pairs": lambda: DATASET.map(lambda x: (x, x)),
    "dataset of dicts": lambda: DATASET.map(lambda x: {"x": x}),
    "PyDataset": Batches,
    "generator": lambda: ((x,) for x in np.split(X, 2)),
    "dict": lambda: {"x": X},
}


@pytest.mark.parametrize("kind", DATA)
def test_whatever_fit_accepts_is_data(kind):
    inputs = {"x": keras.Input((1,), name="x")} if "dict" in kind else keras.Input((1,))
    norm = layers.BatchNormalization()
    model = keras.Model(inputs, norm(inputs["x"] if "dict" in kind else inputs))
    mean, variance = statistics(recalibrate(model, DATA[kind]()))
    np.testing.assert_allclose([*mean, *variance], [4, 5], rtol=1e-6)


def test_steps_limit_endless_data():
    mean, _ = statistics(recalibrate(one_norm(), DATASET.repeat(), steps=3))
    np.testing.assert_allclose(mean, [(2 + 6 + 2) / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "steps", "found"),
    [
        (None, None, "missing"),
        (DATASET.repeat(), None, "without end"),
        (DATASET.take(0), None, "empty"),
        (DATASET, 0, "0 batches"),
        (np.zeros((4, 7)), None, r"shape \(4, 7\), the model takes samples of shape \(1,\)"),
        (X * np.nan, None, "holds 4 NaN among its 4 values"),
    ],
)
def test_unfit_data_is_refused(data, steps, found):
    with pytest.raises(PruneError, match=found):
        recalibrate(one_norm(), data, steps)


def test_the_second_layer_sees_what_the_first_normalized():
    model = keras.Sequential(
        [keras.Input((3,)), layers.BatchNormalization(epsilon=0.0), layers.BatchNormalization()]
    )
    x = RNG.normal(5, 3, (64, 3)).astype("float32")
    first, second = recalibrate(model, x[:32]).layers
    np.testing.assert_allclose(first.moving_mean, x[:32].mean(0), rtol=1e-5)
    np.testing.assert_allclose(second.moving_mean, np.zeros(3), atol=1e-5)
    np.testing.assert_allclose(second.moving_variance, np.ones(3), rtol=1e-5)


def test_a_convolution_is_measured_over_positions_as_well():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.BatchNormalization()])
    x = RNG.normal(1, 2, (50, 4, 4, 2)).astype("float32")
    mean, variance = statistics(recalibrate(model, x))
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(variance, x.var((0, 1, 2)), rtol=1e-5)


def test_masked_steps_do_not_count():
    model = keras.Sequential([keras.Input((3, 1)), layers.Masking(), layers.BatchNormalization()])
    x = tf.constant([[[1.0], [3.0], [0.0]], [[8.0], [0.0], [0.0]]])
    one_by_one = tf.data.Dataset.from_tensor_slices(x).batch(1)
    mean, variance = statistics(recalibrate(model, one_by_one))
    np.testing.assert_allclose([*mean, *variance], [4, (9 + 1 + 16) / 3], rtol=1e-5)


def test_dropout_noise_and_augmentation_stay_off():
    noise = [layers.Dropout(0.9), layers.GaussianNoise(0.9), layers.RandomFlip()]
    plain = keras.Sequential([keras.Input((4, 4, 2)), *noise, layers.BatchNormalization()])
    x = RNG.normal(size=(32, 4, 4, 2)).astype("float32")
    mean, _ = statistics(recalibrate(plain, x))
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)), atol=1e-6)


def residual():
    inputs = keras.Input((3,))
    x = layers.Dense(4)(inputs)
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    return keras.Model(inputs, layers.ReLU()(x + inner(x)))


def test_the_model_itself_is_not_changed():
    model = residual()
    model.compile("sgd", "mse")
    before = [np.array(w) for w in model.get_weights()]
    new = recalibrate(model, RNG.normal(size=(8, 3)))
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    assert model.compiled and new.optimizer is not model.optimizer


def test_a_nested_model_is_measured_and_the_result_loads(tmp_path):
    x = RNG.normal(size=(8, 3)).astype("float32")
    new = recalibrate(residual(), x)
    assert statistics(new)[0].any()
    new.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(new(x), loaded(x))


def test_momentum_and_training_are_as_before():
    new = recalibrate(one_norm(momentum=0.5), X)
    assert new.layers[0].momentum == 0.5
    new(np.array([[8.0]]), training=True)
    np.testing.assert_allclose(statistics(new)[0], [0.5 * 4 + 0.5 * 8])


def test_a_frozen_layer_is_measured_and_stays_frozen():
    model = one_norm()
    model.layers[0].trainable = False
    new = recalibrate(model, X)
    assert not new.layers[0].trainable and not new.trainable_variables
    np.testing.assert_allclose(statistics(new)[0], [4])


def test_a_layer_called_twice_is_measured_over_both_calls():
    norm, inputs = layers.BatchNormalization(), keras.Input((1,))
    model = keras.Model(inputs, [norm(inputs), norm(inputs * 3)])
    mean, variance = statistics(recalibrate(model, X[:2]))
    both = [1, 3, 3, 9]
    np.testing.assert_allclose([*mean, *variance], [np.mean(both), np.var(both)])


class ConvNorm(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = layers.BatchNormalization()

    def call(self, x):
        return self.norm(x)


@pytest.mark.parametrize("wrap", [ConvNorm, lambda: TimeDistributed(layers.BatchNormalization())])
def test_a_layer_inside_another_is_measured(wrap):
    model = keras.Sequential([keras.Input((2, 1)), wrap()])
    mean, _ = statistics(recalibrate(model, X.reshape(2, 2, 1)))
    np.testing.assert_allclose(mean, [4])


def test_a_layer_inside_a_loop_keeps_its_statistics_and_says_so():
    inner = layers.BatchNormalization(name="inner")
    model = keras.Sequential([keras.Input((None, 1)), TimeDistributed(inner)])
    spec = tf.TensorSpec((2, None, 1))
    ragged = tf.data.Dataset.from_generator(lambda: [X.reshape(2, 2, 1)], output_signature=spec)
    with pytest.warns(PruneWarning, match="inner: keeps its moving statistics: .* inside a loop"):
        new = recalibrate(model, ragged)
    np.testing.assert_array_equal(statistics(new), [[0], [1]])


@pytest.mark.skipif(
    "renorm" not in inspect.signature(layers.BatchNormalization).parameters,
    reason="Keras 3.12 has no batch renormalization",
)
def test_batch_renormalization_keeps_its_statistics_and_says_so():
    with pytest.warns(PruneWarning, match="batch renormalization"):
        new = recalibrate(one_norm(renorm=True), X)
    np.testing.assert_array_equal(statistics(new)[0], [0])


def test_a_norm_of_ones_own_keeps_its_statistics_and_says_so():
    class GhostNorm(layers.BatchNormalization):
        def call(self, x, training=None):
            return x

    model = keras.Sequential([keras.Input((1,)), GhostNorm()])
    with pytest.warns(PruneWarning, match="how GhostNorm computes them is its own code"):
        recalibrate(model, X)


class Stubborn(layers.Layer):
    def __init__(self, number):
        super().__init__()
        self.norm = layers.BatchNormalization(name="shared")

    def call(self, x):
        return self.norm(x)


def test_a_layer_that_cannot_be_copied_is_left_alone():
    model = keras.Sequential([keras.Input((1,)), Stubborn(3)])
    with pytest.warns(PruneWarning, match="shared: keeps .* shared with the original model"):
        recalibrate(model, X)
    np.testing.assert_array_equal(statistics(model), [[0], [1]])


def test_a_model_without_batch_norm_comes_back_as_a_copy_with_a_warning():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(2)])
    with pytest.warns(PruneWarning, match="no BatchNormalization"):
        new = recalibrate(model, X)
    assert new is not model
    np.testing.assert_array_equal(new(X), model(X))


@keras.saving.register_keras_serializable("test_recalibrate")
class Subclassed(keras.Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units, self.dense = units, layers.Dense(units)
        self.norm = layers.BatchNormalization()

    def call(self, x):
        return self.norm(self.dense(x))

    def get_config(self):
        return {"units": self.units}


def test_a_subclassed_model_that_comes_back_from_its_config_is_recalibrated():
    model = Subclassed(units=3)
    model(X)
    new = recalibrate(model, X)
    np.testing.assert_allclose(statistics(new)[0], np.mean(model.dense(X), 0), rtol=1e-5)
    np.testing.assert_array_equal(statistics(model)[0], np.zeros(3))


def test_a_subclassed_model_without_config_is_refused():
    class Bare(Subclassed):
        def get_config(self):
            raise NotImplementedError("no config")

    model = Bare()
    model(X)
    with pytest.raises(PruneError, match="does not come back from its config: no config"):
        recalibrate(model, X)


@pytest.mark.parametrize("model", [layers.Dense(2), Subclassed()])
def test_what_has_no_weights_yet_is_refused(model):
    with pytest.raises(PruneError, match="not a Keras model with weights"):
        recalibrate(model, X)


def test_mobilenet_v2_gets_the_statistics_of_its_stem_exactly():
    model = keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=10, alpha=0.35)
    x = RNG.normal(size=(64, 32, 32, 3)).astype("float32")
    new = recalibrate(model, x)
    seen = keras.Model(model.input, model.get_layer("Conv1").output)(x).numpy().astype("float64")
    norm = new.get_layer("bn_Conv1")
    np.testing.assert_allclose(norm.moving_mean, seen.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(norm.moving_variance, seen.var((0, 1, 2)), rtol=1e-4)
