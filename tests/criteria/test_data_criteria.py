"""Taylor, Fisher and Activation: by hand, on every kind of data, with every kind of loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.criteria.models import IMAGES, LABELS, named, randomize, small_cnn
from tfprune import PruneError
from tfprune.channels import trace
from tfprune.criteria import Activation, Fisher, Taylor

X = np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
ZEROS = np.zeros((4, 1), "float32")


def line(hidden=(1.0, 2.0), head=(1.0, 0.5), **settings):
    """y = Σ head_i · hidden_i · x."""
    model = keras.Sequential([keras.Input((1,))])
    model.add(layers.Dense(2, use_bias=False, name="hidden", **settings))
    model.add(layers.Dense(1, use_bias=False, name="head"))
    model.set_weights([np.array([hidden]), np.array([head]).T])
    return model


def scored(criterion, model, name="hidden"):
    return criterion.scores(model, [named(model, name)])[0].tolist()


def test_taylor_is_the_mean_over_batches_of_the_absolute_group_sum():
    # y = 2x, so L = mean 4x², ∂L/∂gate_i = mean 2y·head_i·hidden_i·x = mean 4x² (both units)
    expected = np.mean([np.mean(4 * x**2) for x in (X[:2], X[2:])])
    criterion = Taylor((X, ZEROS), loss="mse", batch_size=2)
    assert scored(criterion, line()) == pytest.approx([expected] * 2)


def test_the_absolute_value_is_taken_per_batch_so_that_batches_do_not_cancel():
    targets = np.array([[0.0], [4.0]])  # y = 2 for both: gradients +4 and -4 by gate
    x = np.ones((2, 1))
    assert scored(Taylor((x, targets), "mse", batch_size=1), line()) == pytest.approx([4, 4])
    assert scored(Taylor((x, targets), "mse", batch_size=2), line()) == pytest.approx([0, 0])


def test_fisher_is_the_mean_over_batches_of_the_squared_group_sum():
    sums = np.array([np.mean(4 * x**2) for x in (X[:2], X[2:])])
    criterion = Fisher((X, ZEROS), loss="mse", batch_size=2)
    assert scored(criterion, line()) == pytest.approx([np.mean(sums**2)] * 2)


def test_weights_of_opposite_effect_cancel_within_their_unit():
    model = line(hidden=(1.0, 1.0), head=(1.0, -1.0))
    model.get_layer("head").kernel.assign([[1.0], [0.0]])
    assert scored(Taylor((X, ZEROS), "mse"), model)[1] == 0


def test_the_score_is_the_derivative_by_a_gate_on_what_is_read():
    # y = (1·x - 3) + (2·x - 1) = -1 at x = 1, so ∂L/∂y = -2, times what the head reads: -2 and 1
    model = line(hidden=(1.0, 2.0), head=(1.0, 1.0))
    norm = layers.BatchNormalization(epsilon=1e-9)
    model = keras.Sequential([keras.Input((1,)), model.layers[0], norm, model.layers[1]])
    norm.moving_mean.assign([3.0, 1.0])
    assert scored(Taylor((X[:1], ZEROS[:1]), "mse"), model) == pytest.approx([4, 2])


def test_the_mean_activation_and_the_share_of_non_zeros():
    model = line(hidden=(2.0, -1.0), activation="relu")
    x = np.array([[1.0], [-3.0], [0.0], [1.0]])
    assert scored(Activation(x), model) == [1.0, 0.75]
    assert scored(Activation(x, "apoz"), model) == [0.5, 0.25]
    assert scored(Activation(x, batch_size=3), model) == [1.0, 0.75]


def test_a_unit_at_many_places_gets_their_mean():
    model = keras.Sequential([keras.Input((2, 1)), layers.Conv1D(2, 1, use_bias=False, name="c")])
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    model.get_layer("c").kernel.assign([[[1.0, -10.0]]])
    assert scored(Activation(np.array([[[1.0], [3.0]]])), model, "c") == [2.0, 20.0]


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return IMAGES[4 * i : 4 * i + 4], LABELS[4 * i : 4 * i + 4]


def tf_data():
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(4)


KINDS_OF_DATA = {
    "arrays": (lambda: (IMAGES, LABELS), {"batch_size": 4}),
    "tensors": (lambda: (tf.constant(IMAGES), tf.constant(LABELS)), {"batch_size": 4}),
    "tf.data": (tf_data, {}),
    "tf.data without end": (lambda: tf_data().repeat(), {"batches": 3}),
    "PyDataset": (Batches, {}),
    "generator": (lambda: (b for b in tf_data()), {}),
    "unit sample weights": (lambda: (IMAGES, LABELS, np.ones(12)), {"batch_size": 4}),
}
kinds_of_data = pytest.mark.parametrize("kind", KINDS_OF_DATA)


@kinds_of_data
@pytest.mark.parametrize("criterion", [Taylor, Activation])
def test_any_data_that_fit_takes_gives_the_same_scores(criterion, kind):
    make, settings = KINDS_OF_DATA[kind]
    model = small_cnn()
    expected = scored(criterion((IMAGES, LABELS), batch_size=4), model, "conv1")
    assert scored(criterion(make(), **settings), model, "conv1") == pytest.approx(expected)


def test_only_so_many_batches_are_used():
    model = small_cnn()
    first = scored(Taylor((IMAGES[:4], LABELS[:4])), model, "conv1")
    assert scored(Taylor((IMAGES, LABELS), batches=1, batch_size=4), model, "conv1") == first


def test_sample_weights_count():
    model = small_cnn()
    weights = np.repeat([2.0, 0.0], 6)
    half = scored(Taylor((IMAGES[:6], LABELS[:6])), model, "conv1")
    both = scored(Taylor((IMAGES, LABELS, weights)), model, "conv1")
    assert both == pytest.approx(half, rel=1e-5)  # 6 and 12 images are summed in another order


def two_in_two_out():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    hidden = layers.Dense(4, activation="relu", name="hidden")(layers.Add()([a, b]))
    outputs = {name: layers.Dense(1, name=name)(hidden) for name in ("left", "right")}
    model = keras.Model({"a": a, "b": b}, outputs)
    randomize(model)
    return model


def test_dicts_of_inputs_and_targets_and_losses_with_weights():
    x = {name: IMAGES[:, 0, i, :1] * np.ones(3) for i, name in enumerate("ab")}
    y = {"left": np.ones((12, 1)), "right": np.zeros((12, 1))}
    model = two_in_two_out()
    losses = {"left": "mse", "right": "mae"}
    model.compile("sgd", loss=losses, loss_weights={"left": 1.0, "right": 0.0})
    only_left = scored(Taylor((x, y)), model)
    both = scored(Taylor((x, y), loss=losses), model)
    left_alone = scored(Taylor((x, y), loss={"left": "mse"}), model)
    assert only_left == pytest.approx(left_alone) != pytest.approx(both)
    assert np.isfinite(scored(Activation(x), model)).all()


def test_the_models_own_loss_or_a_given_one_by_name_object_or_function():
    model = small_cnn(loss="mse")
    targets = keras.utils.to_categorical(LABELS, 3)
    own = scored(Taylor((IMAGES, targets)), model, "conv1")
    for loss in ("mse", keras.losses.MeanSquaredError(), lambda y, p: (y - p) ** 2):
        assert scored(Taylor((IMAGES, targets), loss), model, "conv1") == pytest.approx(own)
    given = scored(Taylor((IMAGES, LABELS), "sparse_categorical_crossentropy"), model, "conv1")
    assert given != pytest.approx(own)


def test_weight_regularizers_are_left_out_of_the_loss():
    plain, decayed = line(), line(kernel_regularizer=keras.regularizers.L2(10.0))
    criterion = Taylor((X, ZEROS), "mse")
    assert scored(criterion, decayed) == pytest.approx(scored(criterion, plain))


class Halved(keras.Model):
    """A model with a loss of its own, which keeps count."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.calls = keras.metrics.Sum(name="calls")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.calls.update_state(1.0)
        return keras.ops.mean((y_pred - y) ** 2) / 2


def test_a_compute_loss_of_the_users_own_is_used_and_its_metrics_stay():
    model = line()
    halved = Halved(model.inputs, model.outputs)
    expected = np.array(scored(Taylor((X, ZEROS), "mse"), model)) / 2
    assert scored(Taylor((X, ZEROS)), halved) == pytest.approx(expected)
    assert float(halved.calls.result()) == 0


def test_frozen_layers_are_judged_like_any_other():
    model = small_cnn()
    before = scored(Taylor((IMAGES, LABELS)), model, "conv1")
    model.trainable = False
    assert scored(Taylor((IMAGES, LABELS)), model, "conv1") == pytest.approx(before)


def test_dropout_and_batch_statistics_play_no_part():
    inner = small_cnn()
    model = keras.Sequential([keras.Input((6, 6, 2)), layers.Dropout(0.5), inner])
    model.compile("sgd", "sparse_categorical_crossentropy")
    criterion = Taylor((IMAGES, LABELS))
    first, second = (scored(criterion, model, "conv1") for _ in range(2))
    assert first == second == pytest.approx(scored(criterion, inner, "conv1"))


def test_models_inside_models_are_watched():
    inner = small_cnn()
    inputs = keras.Input((6, 6, 2))
    outer = keras.Model(inputs, layers.Dense(2)(inner(layers.Rescaling(1.0)(inputs))))
    expected = scored(Activation(IMAGES), inner, "conv3")
    assert scored(Activation(IMAGES), outer, "conv3") == pytest.approx(expected)


def test_a_model_that_is_called_twice_is_watched_twice():
    inner = keras.Sequential([keras.Input((1,)), layers.Dense(2, name="deep"), layers.Dense(1)])
    randomize(inner)
    a, b = keras.Input((1,)), keras.Input((1,))
    outer = keras.Model([a, b], layers.Add()([inner(a), inner(b)]))
    both = scored(Activation([X, 3 * X]), outer, "deep")
    assert both == pytest.approx(scored(Activation(np.concatenate([X, 3 * X])), inner, "deep"))


def test_padding_is_masked_as_in_the_model():
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(5, 3, mask_zero=True)])
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(2, name="hidden"))
    model.add(layers.Dense(1))
    randomize(model)
    seen = keras.Model(model.inputs[0], model.get_layer("hidden").output)(tokens)
    assert scored(Activation(tokens), model) == pytest.approx(np.abs(seen).mean(0), rel=1e-6)


def test_embeddings_have_gradients():
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(5, 3, name="table")])
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(1))
    randomize(model)
    tokens = np.array([[1, 2, 1, 1]])
    assert min(scored(Taylor((tokens, np.ones((1, 1))), "mse"), model, "table")) > 0


@pytest.mark.parametrize(
    ("make", "found", "fix"),
    [
        (lambda: Taylor((X, ZEROS)), "not compiled with a loss", "loss='sparse_"),
        (lambda: Taylor(X, "mse"), "no targets", "(inputs, targets)"),
        (lambda: Taylor(None, "mse"), "data is missing", "train_dataset"),
        (lambda: Taylor((X[:0], ZEROS[:0]), "mse"), "", "train_dataset"),
        (lambda: Taylor((np.ones((4, 7)), ZEROS), "mse"), "shape (4, 7)", "preprocessed"),
        (lambda: Taylor((X, ZEROS), "mse", batches=0), "0 batches", "at least 1"),
        (lambda: Taylor(tf_data().repeat(), "mse"), "repeats without end", "how many"),
        (lambda: Taylor((X, ZEROS), lambda y, p: 0 * y), "does not depend", "outputs"),
        (lambda: Taylor((X, ZEROS * np.nan), "mse"), "NaN or infinite", "check the data"),
        (lambda: Activation(X * np.nan), f"{X.size} NaN among", "np.isfinite"),
        (lambda: Activation(np.ones((4, 7))), "shape (4, 7)", "preprocessed"),
        (lambda: Activation(X, "median"), "no such statistic", "'apoz'"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_a_fix(make, found, fix):
    with pytest.raises(PruneError) as error:
        scored(make(), line())
    assert found in error.value.found
    assert fix in error.value.fix


def test_heads_inside_a_composite_layer_have_no_activation_to_judge_by():
    inputs = keras.Input((4, 6))
    x = layers.MultiHeadAttention(3, 2, name="mha")(inputs, inputs)
    model = keras.Model(inputs, layers.Dense(2)(x))
    heads = next(g for g in trace(model).groups if g.size == 3)
    data = np.ones((2, 4, 6)), np.ones((2, 4, 2))
    assert np.isnan(Activation(data).scores(model, [heads])[0]).all()
    assert Taylor(data, "mse").scores(model, [heads])[0].shape == (3,)
