"""Every kind of layer with kernels, alone and in a model; nested, shared, several outputs."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune import PruneError
from tfprune.clustering import ClusterWeights, cluster_weights, plan_clusters, strip_clustering
from tfprune.keras_facts import kernels_of

RNG = np.random.default_rng(0)


@keras.saving.register_keras_serializable("test_clustering")
class Twice(layers.Layer):
    """A composite of the user's own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(6), layers.Dense(6)

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], 6))

    def call(self, x):
        return self.second(self.first(x))


KINDS = {
    "einsum": (lambda: layers.EinsumDense("abc,cde->abde", (4, 2, 3)), (4, 5)),
    "transposed": (lambda: layers.Conv2DTranspose(4, 2), (3, 3, 2)),
    "separable": (lambda: layers.SeparableConv2D(8, 2), (4, 4, 3)),
    "bidirectional": (lambda: layers.Bidirectional(layers.GRU(3)), (3, 5)),
    "composite": (lambda: Twice(), (5,)),
}


def model_of(kind):
    make, shape = KINDS[kind]
    return keras.Sequential([keras.Input(shape), make(), layers.Flatten(), layers.Dense(1)])


def counts(model):
    return {k.name: len(np.unique(k.variable)) for k in kernels_of(model)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_clustered_trained_saved_and_stripped(kind, tmp_path):
    plain = model_of(kind)
    x = RNG.normal(size=(8, *plain.input_shape[1:])).astype("float32")
    model = cluster_weights(plain, 4)
    planned = {r.kernel: r.values for r in plan_clusters(plain, 4).rows}
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)
    model.fit(x, np.ones((8, 1)), epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    stripped = strip_clustering(model)
    np.testing.assert_allclose(stripped(x), model(x), rtol=1e-6)
    found = counts(stripped)
    assert all(found[name] <= 4 for name, most in planned.items() if most)
    assert list(planned) == list(counts(plain)) and 4 in planned.values()


def test_attention_with_several_inputs_and_integers_beside():
    words, other = keras.Input((3,), dtype="int32"), keras.Input((3, 4))
    x = layers.Embedding(10, 4, name="words")(words)
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, other)
    model = keras.Model(
        [words, other], [layers.Dense(3, name="a")(x), layers.Dense(2, name="b")(x)]
    )
    model = cluster_weights(model, 4)
    model.compile("sgd", {"a": "mse", "b": "mse"}, run_eagerly=True)
    data = [RNG.integers(0, 10, (8, 3)), RNG.normal(size=(8, 3, 4))]
    model.fit(data, {"a": np.ones((8, 3, 3)), "b": np.ones((8, 3, 2))}, verbose=0)
    assert set(counts(strip_clustering(model)).values()) == {4}


def test_a_nested_model_and_a_layer_called_twice():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(5, name="shared")], name="inner")
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(4, name="head")(inner(inner(inputs))))
    clustered = cluster_weights(model, 4)
    clustered.compile("sgd", "mse", run_eagerly=True)
    clustered.fit(RNG.normal(size=(8, 5)), np.ones((8, 4)), verbose=0)
    assert counts(clustered) == {"inner/shared/kernel": 4, "head/kernel": 4}
    assert counts(strip_clustering(clustered)) == counts(clustered)


def test_layers_are_wrapped_one_by_one_as_with_tfmot():
    dense = cluster_weights(layers.Dense(6, name="d"), 3, name="d")
    model = keras.Sequential([dense, layers.Dense(1)])
    model(np.ones((1, 5)))
    model.compile("sgd", "mse")
    model.fit(RNG.normal(size=(8, 5)), np.ones((8, 1)), verbose=0)
    assert isinstance(model.layers[0], ClusterWeights)
    assert len(np.unique(model.layers[0].layer.kernel)) == 3
    activation, both = layers.ReLU(), [layers.Dense(6), layers.ReLU()]
    assert cluster_weights(activation, 3) is activation
    assert [type(one) for one in cluster_weights(both, 3)] == [ClusterWeights, layers.ReLU]


def test_a_wrapper_inside_another_layer_is_stripped():
    inside = layers.TimeDistributed(cluster_weights(layers.Dense(6, name="d"), 3))
    model = keras.Sequential([keras.Input((3, 5)), inside])
    stripped = strip_clustering(model)
    assert type(stripped.layers[0].layer) is layers.Dense
    assert set(counts(stripped).values()) == {3}


def test_a_layer_wrapped_twice_has_one_set_of_clusters():
    model = cluster_weights(keras.Sequential([keras.Input((5,)), layers.Dense(6, name="d")]), 3)
    with pytest.raises(PruneError, match="clustered already"):
        cluster_weights(model, 3)


def test_each_kernel_that_is_left_alone_has_a_row():
    model = keras.Sequential(
        [
            keras.Input((6, 6, 4)),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(8, 1, name="few"),
            layers.Conv2D(8, 3, name="zeros"),
            layers.Flatten(),
            layers.Dense(8, name="frozen", trainable=False),
            layers.Dense(9, name="asked"),
        ]
    )
    zeros = model.get_layer("zeros").kernel
    zeros.assign(np.where(np.asarray(zeros) < 0, 0, zeros))
    plan = plan_clusters(model, 8, cluster_per_channel=True, leave_alone=["asked"])
    told = {row.kernel: (row.values, row.reason) for row in plan.rows}
    assert told["depthwise/kernel"][0] is None
    assert told["few/kernel"] == (None, "4 weights for each channel, not more than 8 clusters")
    assert told["zeros/kernel"][1].endswith("would not stay so: preserve_sparsity=True keeps them")
    assert told["frozen/kernel"] == (
        8,
        "as a whole: only convolutions have clusters for each channel; "
        "frozen: its centroids stay where they begin",
    )
    assert told["asked/kernel"] == (None, "left alone as asked (leave_alone)")


def test_integer_kernels_are_left_alone():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(8, name="i"), layers.Dense(8)])
    model.layers[0].quantize("int8")
    told = {row.kernel: row.reason for row in plan_clusters(model, 4).rows}
    assert told["i/kernel"] == "its weights are int8, not floating"
    model = cluster_weights(model, 4)
    assert model(np.ones((2, 8))).shape == (2, 8)


def test_a_matrix_that_nobody_calls_a_kernel_has_a_row(caplog):
    class Own(layers.Layer):
        def build(self, shape):
            self.table = self.add_weight(shape=(4, 4), name="table")

        def call(self, x):
            return x @ self.table

    cluster_weights(keras.Sequential([keras.Input((4,)), Own(name="own"), layers.Dense(4)]), 4)
    assert "own/table (4, 4): leave alone (Own does not say that it is prunable" in caplog.text
