import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.errors import PruneError, PruneWarning
from tfprune.one_shot import prune_at_once
from tfprune.patterns import NM, Block

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")


def error(sparse, model, x):
    truth, made = (
        np.concatenate(
            [np.reshape(y, (len(y), -1)) for y in keras.tree.flatten(m.predict(x, verbose=0))], 1
        )
        for m in (model, sparse)
    )
    return ((made - truth) ** 2).sum() / ((truth - truth.mean(0)) ** 2).sum()


def dense(kernel, bias):
    layer = layers.Dense(len(bias), name="head")
    model = keras.Sequential([keras.Input((len(kernel),)), layer])
    layer.set_weights([np.array(kernel, "float32"), np.array(bias, "float32")])
    return model


def test_what_stays_takes_over_what_went():
    x = RNG.normal(size=(60, 1)) * [1, 1, 0] + RNG.normal(size=(60, 1)) * [0, 0, 1] + [0, 0, 2]
    # The first two inputs are the same, so that one weight can do both; the mean of the third
    # goes into the bias.
    sparse = tfprune.prune_once(dense([[2.0], [3], [0.1]], [5.0]), 2 / 3, repair_on=x)
    np.testing.assert_allclose(np.sort(sparse.layers[0].kernel[:, 0]), [0, 0, 5], atol=0.02)
    np.testing.assert_allclose(sparse.layers[0].bias, [5.2], atol=0.1)


def test_what_costs_least_goes_though_it_is_large():
    x = RNG.normal(size=(60, 2)) * [0.01, 1]
    sparse = tfprune.prune_once(dense([[2.0], [1.0]], [0.0]), 0.5, repair_on=x)
    np.testing.assert_allclose(sparse.layers[0].kernel, [[0], [1]], atol=0.01)


def test_without_data_the_smallest_weights_are_zero_and_the_others_as_they_were():
    sparse = tfprune.prune_once(dense([[1.0, -4], [3, 2]], [0.0, 0]), 0.5)
    np.testing.assert_array_equal(sparse.layers[0].kernel, [[0, -4], [3, 0]])


def convolutions():
    image = keras.Input((6, 6, 4))
    h = layers.Conv2D(8, 3, padding="same", use_bias=False)(image)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = h + layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", groups=2)(h))
    h = layers.ReLU()(layers.DepthwiseConv2D(3)(h))
    h = layers.Conv2DTranspose(4, 3, activation="relu")(h)
    return keras.Model(
        image, layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.SeparableConv2D(4, 3)(h)))
    )


def several():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    both = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(4)], name="both"
    )
    one = layers.Dense(4, "tanh", dtype="mixed_bfloat16")(both(a))
    return keras.Model({"a": a, "b": b}, [layers.Dense(2)(both(one)), layers.Dense(2)(both(b))])


def attention():
    x = keras.Input((5, 4))
    h = layers.Dense(8)(x)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(4, 2)(h, h))
    h = layers.EinsumDense("abc,cd->abd", (5, 8), bias_axes="d")(h)
    return keras.Model(x, layers.Dense(2)(layers.LSTM(4)(layers.Conv1D(8, 3)(h))))


MODELS = {
    "convolutions": (convolutions, RNG.normal(size=(60, 6, 6, 4)).astype("float32")),
    "a shared nested model, several inputs and outputs": (several, {"a": X, "b": X[::-1]}),
    "attention and a recurrent layer": (attention, RNG.normal(size=(60, 5, 4)).astype("float32")),
}


@pytest.mark.filterwarnings("ignore::tfprune.errors.PruneWarning")
@pytest.mark.parametrize("pattern", [None, Block((1, 2)), NM(2, 4)], ids=["1x1", "1x2", "2:4"])
@pytest.mark.parametrize("name", MODELS)
def test_the_planned_zeros_are_there_and_less_is_lost(name, pattern):
    make, x = MODELS[name]
    keras.utils.set_random_seed(1)
    model = make()
    weights = model.get_weights()
    found = prune_at_once(model, None, pattern, repair_on=x)
    planned = [row for row in found.rows if row.rule is not None]
    assert len(planned) > 2 and any(row.reason == "refitted" for row in planned)
    assert all(row.zeros == row.weights / 2 for row in planned)
    kernels = {k.name: k for k in tfprune.keras_facts.kernels_of(found.model)}
    for row in planned:  # the zeros lie in the pattern
        mask = kernels[row.kernel].to_canonical(np.array(kernels[row.kernel].variable) != 0)
        np.testing.assert_array_equal((pattern or Block()).mask(np.float32(mask), 0.5), mask)
    assert error(found.model, model, x) < 0.8 * error(
        tfprune.prune_once(model, None, pattern), model, x
    )
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def two():
    hidden, head = layers.Dense(8, "relu", name="hidden"), layers.Dense(4, name="head")
    return keras.Sequential([keras.Input((4,)), hidden, head])


def test_each_layer_has_its_rule():
    rules = {"hidden": None, "head": tfprune.Rule(tfprune.ConstantSparsity(0.75, 0), Block((1, 2)))}
    found = prune_at_once(two(), 0.5, rules=rules, repair_on=X)
    assert [(r.kernel, r.zeros, r.rule) for r in found.rows] == [
        ("hidden/kernel", 0, None),
        ("head/kernel", 24, "0.75 in blocks of (1, 2)"),
    ]
    assert "rules say so" in str(found) and "refitted" in str(found)


def test_a_frozen_layer_gets_zeros_only_by_a_rule_of_its_own():
    model = two()
    model.get_layer("hidden").trainable = False
    assert [r.zeros for r in prune_at_once(model, 0.5).rows] == [0, 16]
    rule = tfprune.Rule(tfprune.ConstantSparsity(0.5, 0))
    assert [r.zeros for r in prune_at_once(model, 0.5, rules={"hidden": rule}).rows] == [16, 16]


def test_an_embedding_and_a_recurrent_kernel_are_zero_by_magnitude_and_say_so():
    ids = keras.Input((6,), dtype="int32")
    h = layers.GRU(4, name="gru")(layers.Embedding(5, 4, mask_zero=True, name="words")(ids))
    model = keras.Model(ids, layers.Dense(2, name="head")(h))
    with pytest.warns(PruneWarning, match="GRUCell uses recurrent_kernel is not known here"):
        found = prune_at_once(model, 0.5, repair_on=RNG.integers(0, 5, (30, 6)))
    reasons = {row.kernel: row.reason for row in found.rows}
    assert reasons["words/embeddings"].startswith("by magnitude")
    assert "is not known here" in reasons["gru/gru_cell/recurrent_kernel"]
    assert reasons["gru/gru_cell/kernel"] == "refitted"


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.head = layers.Dense(8, "relu"), layers.Dense(4)

    def call(self, x):
        return self.head(self.hidden(x))


def test_a_subclassed_model_is_followed_through_its_code():
    model = Subclassed()
    model.build((None, 4))
    found = prune_at_once(model, 0.75, repair_on=X)
    assert [row.zeros for row in found.rows] == [24, 24]
    assert error(found.model, model, X) < error(tfprune.prune_once(model, 0.75), model, X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.0}, "sparsity"),
        ({"sparsity": 0.8, "pattern": NM(2, 4)}, "the pattern makes 0.5 of the weights zero"),
        ({"pattern": (1, 2)}, "neither a Block nor an NM"),
        ({"rules": {"hiden": None}}, "hidden"),
        ({"rules": {"*": None}}, "no kernel would get any"),
        ({"rules": {"head": tfprune.Rule(lambda step: (True, 0.5))}}, "has no final_sparsity"),
        ({"repair_on": X[:3]}, "3 samples only"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, message):
    with pytest.raises(PruneError, match=message):
        tfprune.prune_once(two(), **arguments)


def test_a_model_with_masks_is_to_be_stripped_first():
    with pytest.raises(PruneError, match="strip_pruning"):
        tfprune.prune_once(tfprune.prune_low_magnitude(two()))


def test_a_wide_kernel_is_refitted_by_conjugate_gradients_to_nearly_the_same(monkeypatch):
    keras.utils.set_random_seed(1)
    model = two()
    found = []
    for work in (2e11, 0):
        monkeypatch.setattr("tfprune.repairing.zeros._WORK", work)
        monkeypatch.setattr("tfprune.repairing.zeros._ROUNDS", 1)
        monkeypatch.setattr("tfprune.repairing.zeros.STRENGTHS", (1e-2,))
        found.append(tfprune.prune_once(model, 0.5, repair_on=X).get_weights())
    for exact, near in zip(*found, strict=True):
        np.testing.assert_allclose(near, exact, atol=1e-3)


@pytest.mark.parametrize(("sparsity", "told"), [(0.5, ["50 %"]), (0.75, [])])
def test_zeros_too_few_for_sparse_kernels_are_told(sparsity, told):
    model = keras.Sequential([keras.Input((4, 4, 8)), layers.Conv2D(8, 1)])
    notes = prune_at_once(model, sparsity).notes
    assert [note.reason[:4] for note in notes] == told
