import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfprune
from tfprune.errors import PruneError, PruneWarning

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
IMAGES = RNG.normal(size=(40, 8, 8, 3)).astype("float32")


def error(small, model, x):
    truth = model.predict(x, verbose=0)
    return ((small.predict(x, verbose=0) - truth) ** 2).sum() / ((truth - truth.mean(0)) ** 2).sum()


def linear():
    """Three units, of which the third is the sum of the others, and one output of all three."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), layers.Dense(1, name="head")])
    model.layers[0].set_weights([np.array([[1.0, 0, 1], [0, 1, 1]]), np.array([0.0, 0, 1])])
    model.layers[1].set_weights([np.array([[1.0], [2], [3]]), np.array([5.0])])
    return model


def test_a_unit_that_others_can_stand_for_is_missed_no_more():
    model, x = linear(), X[:, :2]
    plan = tfprune.plan_structured(model, 0.4, lambda group: np.array([3.0, 2.0, 1.0]))
    head = plan.apply(repair_on=x).get_layer("head")
    # 1 a + 2 b + 3 (a + b + 1) + 5
    np.testing.assert_allclose(head.kernel, [[4.0], [5.0]], atol=2e-3)
    np.testing.assert_allclose(head.bias, [8.0], atol=2e-3)


def test_labels_and_the_users_model_are_left_alone():
    model, x = linear(), X[:, :2]
    weights = model.get_weights()
    by_labels = [
        tfprune.prune_structured(model, 0.4, repair_on=(x, labels)).get_weights()
        for labels in (np.zeros(60), RNG.normal(size=60))
    ]
    for a, b in zip(*by_labels, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def small_convnet():
    image = keras.Input((8, 8, 3))
    h = layers.Conv2D(8, 3, padding="same", use_bias=False)(image)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = layers.ReLU()(layers.DepthwiseConv2D(3, 2, padding="same")(h))
    h = layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(h))
    h = layers.GlobalAveragePooling2D()(layers.ReLU()(h))
    return keras.Model(image, layers.Dense(3)(h))


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, "relu"), layers.Dense(6)])
    x = keras.Input((4,))
    h = layers.Dense(6, "relu")(x)
    return keras.Model(x, layers.Dense(2)(inner(inner(h))))


def shared():
    x = keras.Input((4,))
    a, b = layers.Dense(8, "relu", name="a")(x), layers.Dense(8, "relu", name="b")(x)
    both = layers.Dense(6, "relu", name="both")
    twice = layers.Dense(8, "tanh", name="back")(both(layers.Add()([a, b])))
    return keras.Model(
        x, [layers.Dense(2, name="p")(both(twice)), layers.Dense(1, name="q")(twice)]
    )


def attention():
    x = keras.Input((5, 4))
    h = layers.Dense(8)(x)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(4, 2)(h, h))
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(h)))


def separable():
    x = keras.Input((8, 8, 3))
    h = layers.Conv2D(8, 3, activation="relu")(x)
    h = layers.SeparableConv2D(8, 3, activation="relu", depth_multiplier=2)(h)
    h = layers.Conv2DTranspose(6, 3, 2)(h)
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(h)))


def recurrent():
    x = keras.Input((5, 4))
    h = layers.Dense(8)(x)
    h = layers.Bidirectional(layers.LSTM(4, return_sequences=True, name="inner"))(h)
    return keras.Model(x, layers.Dense(2)(layers.GRU(6, name="gru")(h)))


MODELS = {
    "separable and transposed convolutions": (separable, IMAGES),
    "convolutions": (small_convnet, IMAGES),
    "a nested model called twice": (nested, X),
    "attention": (attention, RNG.normal(size=(60, 5, 4)).astype("float32")),
}


@pytest.mark.parametrize("name", MODELS)
def test_repaired_is_nearer_to_the_original(name):
    make, x = MODELS[name]
    keras.utils.set_random_seed(1)
    model = make()
    plan = tfprune.plan_structured(model, 0.5)
    assert error(plan.apply(repair_on=x), model, x) < 0.7 * error(plan.apply(), model, x)


def test_a_layer_that_feeds_itself_is_fitted_for_all_its_calls():
    keras.utils.set_random_seed(1)
    model = shared()
    plan = tfprune.plan_structured(model, 0.5)
    truth, sliced, repaired = (
        m.predict(X, verbose=0) for m in (model, plan.apply(), plan.apply(X))
    )
    for a, b, c in zip(truth, sliced, repaired, strict=True):
        assert ((c - a) ** 2).sum() < ((b - a) ** 2).sum()


def test_the_same_data_repairs_alike():
    keras.utils.set_random_seed(1)
    plan = tfprune.plan_structured(small_convnet(), 0.5)
    first, second = (plan.apply(repair_on=IMAGES).get_weights() for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_padding_is_not_fitted():
    keras.utils.set_random_seed(1)
    ids = keras.Input((6,), dtype="int32")
    h = layers.Dense(8, "relu")(layers.Embedding(5, 6, mask_zero=True)(ids))
    model = keras.Model(ids, layers.Dense(1, name="head")(layers.Dense(4, "relu")(h)))
    plan = tfprune.plan_structured(model, 0.5)
    rows = RNG.integers(1, 5, (30, 6))
    plain, padded = rows[:, :3], np.concatenate([rows[:, :3], np.zeros((30, 3), int)], 1)
    a, b = (plan.apply(np.concatenate([x, x])) for x in (np.tile(plain, 2), padded))
    np.testing.assert_allclose(a.get_layer("head").kernel, b.get_layer("head").kernel, atol=1e-4)


def test_a_class_that_was_chosen_does_not_judge():
    keras.utils.set_random_seed(1)
    x = keras.Input((4,))
    logits = layers.Dense(3)(layers.Dense(8)(x))
    model = keras.Model(x, {"class": keras.ops.argmax(logits, -1), "logits": logits})
    plan = tfprune.plan_structured(model, 0.5)
    truth, sliced, repaired = (
        m.predict(X, verbose=0)["logits"] for m in (model, plan.apply(), plan.apply(X))
    )
    assert ((repaired - truth) ** 2).sum() < ((sliced - truth) ** 2).sum()


def test_in_mixed_precision_too():
    keras.utils.set_random_seed(1)
    x = keras.Input((4,))
    hidden = layers.Dense(8, "relu", dtype="mixed_float16")(x)
    hidden = layers.Dense(8, "relu", dtype="mixed_float16")(hidden)
    model = keras.Model(x, layers.Dense(2)(hidden))
    plan = tfprune.plan_structured(model, 0.5)
    assert error(plan.apply(X), model, X) < error(plan.apply(), model, X)


def test_recurrent_layers_get_new_input_kernels_and_say_what_stays():
    keras.utils.set_random_seed(1)
    model, x = recurrent(), RNG.normal(size=(60, 5, 4)).astype("float32")
    plan = tfprune.plan_structured(model, 0.5)
    with pytest.warns(PruneWarning, match="how GRUCell uses recurrent_kernel is not known here"):
        repaired = plan.apply(repair_on=x)
    assert error(repaired, model, x) < error(plan.apply(), model, x)


@keras.saving.register_keras_serializable("test_repair")
class Twice(layers.Dense):
    def call(self, inputs):
        return 2 * super().call(inputs)

    def channel_flow(self, call):
        call.reads(self.kernel, 0, call.input[-1])
        return call.flow({})


def test_a_kernel_that_cannot_be_repaired_is_told():
    x = keras.Input((4,))
    model = keras.Model(x, Twice(2, name="twice")(layers.Dense(8)(x)))
    with pytest.warns(PruneWarning, match=r"twice: not repaired: how Twice uses kernel"):
        tfprune.prune_structured(model, 0.5, repair_on=X)


def test_few_samples_are_refused_and_bad_ones_too():
    plan = tfprune.plan_structured(linear(), 0.4)
    with pytest.raises(PruneError, match="9 samples only"):
        plan.apply(repair_on=X[:9, :2])
    with pytest.raises(PruneError, match="NaN"):
        plan.apply(repair_on=np.full((20, 2), np.nan, "float32"))


def test_a_dataset_of_batches_is_data():
    data = tf.data.Dataset.from_tensor_slices(X[:, :2]).batch(7)
    model = linear()
    plan = tfprune.plan_structured(model, 0.4)
    assert error(plan.apply(repair_on=data), model, X[:, :2]) < 1e-5


def test_what_is_not_finite_is_not_fitted():
    image = keras.Input((4,))
    h = layers.Dense(6)(image)
    model = keras.Model(image, layers.Dense(2, name="last")(keras.ops.log(h)))
    with pytest.warns(PruneWarning, match="last: not repaired: its inputs or outputs are not fin"):
        tfprune.plan_structured(model, 0.5).apply(repair_on=X)
