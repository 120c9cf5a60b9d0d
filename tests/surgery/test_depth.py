import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tfprune.errors import PruneError
from tfprune.surgery.depth import plan_layers, prune_layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype("float32")


def chain(scales=(0.1, 2.0, 0.5), merge="add{}"):
    """A stem, blocks x + f(x) with f(x) = s * x turned by 90 degrees in each plane, a head."""
    inputs = keras.Input((4,))
    x = layers.Dense(4, name="stem")(inputs)
    for i, scale in enumerate(scales):
        f = layers.Dense(4, name=f"f{i}", use_bias=False)
        x = layers.Add(name=merge.format(i))([x, f(x)])
        f.set_weights([scale * np.kron(np.eye(2), [[0, 1], [-1, 0]])])
    return keras.Model(inputs, layers.Dense(2, name="head")(x), name="net")


def zeroed(model, *names):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for name in names:
        layer = copy.get_layer(name)
        layer.set_weights([w * 0 for w in layer.get_weights()])
    return copy


def names(model):
    return [layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer)]


def test_a_block_whose_branch_is_zero_leaves_without_a_trace():
    model = chain(scales=(0.1, 0.0, 0.5))
    small = prune_layers(model, "add1")
    np.testing.assert_array_equal(small(X), model(X))
    assert names(small) == ["stem", "f0", "add0", "f2", "add2", "head"]


@pytest.mark.parametrize("block", [0, 1, 2])
def test_removing_a_block_is_multiplying_its_branch_by_zero(block):
    model = chain()
    small = prune_layers(model, f"add{block}")
    np.testing.assert_array_equal(small(X), zeroed(model, f"f{block}")(X))


def test_the_model_is_not_changed_and_shares_no_weights():
    model = chain()
    before = model.get_weights()
    small = prune_layers(model, ["add0", "add2"])
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    assert not {id(v) for v in small.variables} & {id(v) for v in model.variables}
    assert not small.compiled


def test_block_influence_is_one_minus_the_cosine():
    # x and f(x) stand at right angles: cos(x, x + f(x)) = 1 / sqrt(1 + s^2).
    plan = plan_layers(chain(), n=1, data=X)
    wanted = {f"add{i}": 1 - 1 / np.sqrt(1 + s**2) for i, s in enumerate((0.1, 2.0, 0.5))}
    assert {row.name: row.score for row in plan.rows} == pytest.approx(wanted, abs=1e-5)


def test_the_block_that_turns_its_input_least_goes_first():
    assert plan_layers(chain(), n=1, data=X).removed == ("add0",)
    assert plan_layers(chain(), n=2, data=X).removed == ("add0", "add2")


def test_the_loss_is_that_of_the_model_without_the_block():
    model, y = chain(), RNG.normal(size=(8, 2)).astype("float32")
    model.compile(loss="mse")
    plan = plan_layers(model, n=1, criterion="loss", data=(X, y))
    whole = np.mean((model(X) - y) ** 2)
    losses = [np.mean((zeroed(model, f"f{i}")(X) - y) ** 2) for i in range(3)]
    np.testing.assert_allclose([r.score for r in plan.rows], losses - whole, rtol=1e-4, atol=1e-6)
    assert plan.removed == (f"add{np.argmin(losses)}",)


def test_the_loss_of_uneven_batches_counts_each_sample_once():
    y = RNG.normal(size=(8, 2)).astype("float32")
    data = [tf.data.Dataset.from_tensor_slices((X, y)).batch(size) for size in (8, 5)]
    model = chain()
    plans = [plan_layers(model, n=1, criterion="loss", loss="mse", data=d) for d in data]
    scores = [[row.score for row in plan.rows] for plan in plans]
    np.testing.assert_allclose(*scores, rtol=1e-4)


def test_several_outputs_are_weighted_as_compiled():
    model = chain()
    two = keras.Model(model.inputs, [model.outputs[0], model.get_layer("add0").output])
    y = [np.zeros((8, 2), "float32"), np.zeros((8, 4), "float32")]
    two.compile(loss=["mse", "mse"], loss_weights=[0.0, 1.0])
    plan = plan_layers(two, n=1, criterion="loss", data=(X, y))
    stem = model.get_layer("stem")(X)
    change = np.mean(stem**2) - np.mean(two(X)[1] ** 2)
    scores = [row.score for row in plan.rows]
    np.testing.assert_allclose(scores, [change, 0, 0], rtol=1e-4, atol=1e-7)


def test_a_function_of_ones_own_ranks_the_blocks():
    def norm(block, model):
        return -sum(float(ops.norm(w)) for layer in block.layers for w in layer.weights)

    assert plan_layers(chain(), n=1, criterion=norm).removed == ("add1",)


@pytest.mark.parametrize(
    ("ratio", "removed"), [(0.34, ("add0",)), (0.67, ("add0", "add2")), (0.99, ("add0", "add2"))]
)
def test_ratio_is_the_share_of_candidates_rounded_down(ratio, removed):
    assert plan_layers(chain(), ratio=ratio, data=X).removed == removed


@pytest.mark.parametrize("keep", ["add0", "f0", "*0"])
def test_kept_blocks_stay(keep):
    plan = plan_layers(chain(), n=1, data=X, keep=keep)
    assert plan.removed == ("add2",)
    assert plan.rows[0].reason == f"keep={keep!r}"


def test_a_block_around_something_kept_stays():
    model = nested_in(block_in_block)
    plan = plan_layers(model, n=1, criterion=lambda *_: 0.0, keep="*/inner")
    assert [row.name.split("/")[1] for row in plan.rows if not row.remove] == ["inner", "outer"]


def test_among_named_blocks_the_lowest_go():
    plan = plan_layers(chain(), ["add1", "add2"], n=1, data=X)
    assert plan.removed == ("add2",)
    assert plan.rows[0].reason == "not named in layers="


def test_a_plan_is_a_table():
    assert str(plan_layers(chain(), n=1, data=X)).splitlines() == [
        "add0 [f0]: remove (score 0.004963): rank 1 of 3",
        "add1 [f1]: leave (score 0.5528): rank 3 of 3",
        "add2 [f2]: leave (score 0.1056): rank 2 of 3",
        "1 of 3 blocks of 'net' go",
    ]


def test_without_a_number_the_plan_lists_what_could_go():
    plan = plan_layers(chain())
    assert [row.reason for row in plan.rows] == ["can be removed"] * 3
    with pytest.raises(PruneError, match="the plan removes nothing"):
        plan.apply()


def test_plus_and_ops_add_are_additions_too():
    inputs = keras.Input((4,))
    x = inputs + layers.Dense(4)(inputs)
    x = ops.add(layers.Dense(4)(x), x)
    model = keras.Model(inputs, layers.Dense(2)(x))
    first, second = [row.name for row in plan_layers(model).rows]
    small = prune_layers(model, [first, second])
    np.testing.assert_array_equal(small(X), model.layers[-1](X))


def test_a_shortcut_through_dropout_is_the_block_input():
    inputs = keras.Input((4,))
    y = layers.Add(name="add")([layers.Dropout(0.5, name="drop")(inputs), layers.Dense(4)(inputs)])
    model = keras.Model(inputs, layers.Dense(2, name="head")(y))
    small = prune_layers(model, "add")
    np.testing.assert_array_equal(small(X), model.get_layer("head")(X))
    assert names(small) == ["drop", "head"]


def test_a_shortcut_may_be_read_elsewhere_too():
    inputs = keras.Input((4,))
    x = layers.Dropout(0.5)(inputs)
    y = layers.Add(name="add")([x, layers.Dense(4)(x)])
    model = keras.Model(inputs, layers.Dense(2, name="head")(layers.Concatenate()([x, y])))
    assert prune_layers(model, "add").count_params() == model.count_params() - 20


def projected(x):
    return layers.Add(name="add")([layers.Dense(4)(x), layers.Dense(4)(x)])


def read_outside(x):
    inner = layers.Dense(4, name="inner")(x)
    return layers.Concatenate(name="outside")([layers.Add(name="add")([x, inner]), inner])


def without_weights(x):
    return layers.Add(name="add")([x, layers.ReLU()(x)])


def broadcast(x):
    narrow = layers.Dense(1)(x)
    return layers.Add(name="add")([narrow, layers.Dense(4)(narrow)])


class PositionEmbedding(layers.Dense):
    pass


def positions(x):
    return layers.Add(name="add")([x, PositionEmbedding(4)(x)])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (projected, "not a residual block"),
        (read_outside, "'outside' reads 'inner' inside it"),
        (positions, "it only adds an embedding"),
        (without_weights, "its branch has no weights"),
        (broadcast, r"its input is float32 \(None, 1\), its output float32 \(None, 4\)"),
    ],
)
def test_what_is_no_block_is_a_row_with_the_reason(make, reason):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2)(make(inputs)))
    (row,) = plan_layers(model).rows
    assert not row.remove
    with pytest.raises(PruneError, match=f"'add' can't go: {reason}"):
        prune_layers(model, "add")


def test_an_output_inside_a_block_keeps_it():
    model = chain()
    two = keras.Model(model.inputs, [model.outputs[0], model.get_layer("f1").output])
    assert plan_layers(two).rows[1].reason == "'f1' inside it is an output of the model"


def nested_in(make_inner, calls=1):
    inner = make_inner()
    inputs = x = keras.Input((4,))
    for _ in range(calls):
        x = inner(x)
    return keras.Model(inputs, layers.Dense(2, name="top")(x))


@pytest.mark.parametrize("calls", [1, 2])
def test_a_block_in_a_nested_model_goes_in_all_its_calls(calls):
    def inner():
        inputs = keras.Input((4,))
        x = layers.Dense(4)(inputs)
        f = layers.Dense(4, name="f", kernel_initializer="zeros")(x)
        return keras.Model(inputs, layers.Add(name="add")([x, f]), name="inner")

    model = nested_in(inner, calls)
    small = prune_layers(model, "inner/add")
    np.testing.assert_array_equal(small(X), model(X))
    assert small.count_params() == model.count_params() - 20


def test_a_nested_model_that_becomes_nothing_still_works():
    def inner():
        inputs = keras.Input((4,))
        return keras.Model(inputs, inputs + layers.Dense(4)(inputs))

    model = nested_in(inner)
    (row,) = plan_layers(model).rows
    small = prune_layers(model, row.name)
    np.testing.assert_array_equal(small(X), model.get_layer("top")(X))


def test_blocks_of_a_sequential_of_residual_models_are_found(tmp_path):
    def block(i):
        inputs = keras.Input((4,))
        f = layers.Dense(4, name=f"f{i}")(inputs)
        return keras.Model(inputs, layers.Add(name=f"add{i}")([inputs, f]), name=f"block{i}")

    model = keras.Sequential([keras.Input((4,)), block(0), block(1), layers.Dense(2)])
    small = prune_layers(model, n=1, data=X)
    small.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras")(X), small(X))
    assert small.count_params() == model.count_params() - 20


def block_in_block():
    inputs = keras.Input((4,))
    x = layers.Dense(4)(inputs)
    f = layers.Dense(4, name="before")(x)
    f = layers.Add(name="inner")([f, layers.Dense(4)(f)])
    y = layers.Add(name="outer")([x, layers.Dense(4, name="after")(f)])
    y = layers.Add(name="last")([y, layers.Dense(4)(y)])
    return keras.Model(inputs, layers.Dense(4)(y))


def test_a_block_goes_with_the_block_around_it():
    plan = plan_layers(block_in_block(), n=1, criterion=lambda block, _: block.name != "outer")
    assert plan.removed == ("inner", "outer")
    assert plan.rows[0].reason == "it lies inside a block that goes"
    assert plan.apply().count_params() == 3 * 20


def test_a_block_inside_another_goes_alone():
    model = block_in_block()
    small = prune_layers(model, "inner")
    assert small.count_params() == model.count_params() - 20


@pytest.mark.parametrize("n", [3, 4])
def test_one_block_stays(n):
    with pytest.raises(PruneError, match="only 2 can go: one stays"):
        plan_layers(chain(), n=n, data=X)


def test_named_blocks_may_all_go_but_not_all_layers():
    assert names(prune_layers(chain(), "add*")) == ["stem", "head"]
    inputs = keras.Input((4,))
    bare = keras.Model(inputs, layers.Add(name="add")([inputs, layers.Dense(4)(inputs)]))
    with pytest.raises(PruneError, match="no layer with weights would be left"):
        prune_layers(bare, "add")


class Encoder(layers.Layer):
    """A composite transformer layer, with a mask as a second input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.norm = layers.LayerNormalization()

    def build(self, shape):
        self.attention.build(shape, shape)
        self.norm.build(shape)

    def call(self, x, padding_mask=None):
        return self.norm(x + self.attention(x, x))


def encoders(count=3):
    tokens, mask = keras.Input((5,), name="tokens"), keras.Input((5,), name="mask")
    x = layers.Embedding(10, 8, name="embedding")(tokens)
    for i in range(count):
        x = Encoder(name=f"encoder{i}")(x, padding_mask=mask)
    return keras.Model([tokens, mask], layers.Dense(2, name="head")(x))


TOKENS = [RNG.integers(0, 10, (6, 5)), np.ones((6, 5), "float32")]


def test_a_composite_transformer_layer_is_a_candidate():
    model = encoders()
    plan = plan_layers(model, n=2, data=TOKENS)
    assert len(plan.removed) == 2
    small = plan.apply()
    assert [x.name for x in small.layers if isinstance(x, Encoder)] == [
        row.name for row in plan.rows if not row.remove
    ]
    assert small(TOKENS).shape == (6, 5, 2)


def test_an_input_that_nothing_reads_any_more_stays_an_input():
    model = encoders(count=1)
    small = prune_layers(model, "encoder0")
    expected = model.get_layer("head")(model.get_layer("embedding")(TOKENS[0]))
    np.testing.assert_array_equal(small(TOKENS), expected)


def transformer(blocks=2):
    inputs = x = keras.Input((5, 8))
    for i in range(blocks):
        attention = layers.MultiHeadAttention(2, 4, name=f"mha{i}")
        y = layers.LayerNormalization()(x)
        x = layers.Add(name=f"attend{i}")([x, attention(y, y)])
        y = layers.Dense(16, "gelu")(layers.LayerNormalization()(x))
        x = layers.Add(name=f"think{i}")([x, layers.Dense(8, name=f"down{i}")(y)])
    return keras.Model(inputs, layers.Dense(2)(layers.LayerNormalization()(x)))


def test_attention_and_feed_forward_are_blocks_of_their_own():
    model = transformer()
    model.get_layer("down0").set_weights([np.zeros((16, 8)), np.zeros(8)])
    x = RNG.normal(size=(3, 5, 8)).astype("float32")
    plan = plan_layers(model, n=1, data=x)
    assert [row.name for row in plan.rows] == ["attend0", "think0", "attend1", "think1"]
    assert plan.removed == ("think0",) and plan.rows[1].score == 0
    np.testing.assert_array_equal(plan.apply()(x), model(x))


def test_any_named_layer_goes_if_its_shapes_agree():
    model = chain()
    small = prune_layers(model, "stem")
    assert names(small) == ["f0", "add0", "f1", "add1", "f2", "add2", "head"]
    with pytest.raises(PruneError) as error:
        prune_layers(model, "head")
    assert "float32 (None, 4), its output float32 (None, 2)" in error.value.found
    assert "add0, add1, add2" in error.value.fix


def test_a_composite_layer_inside_a_block_goes_only_by_name():
    inputs = keras.Input((5, 8))
    y = layers.Add(name="add")([inputs, Encoder(name="encoder")(inputs)])
    model = keras.Model(inputs, layers.Dense(2)(y))
    plan = plan_layers(model)
    assert plan.rows[1].reason.startswith("it lies inside the block 'add'")
    small = prune_layers(model, "encoder")
    x = RNG.normal(size=(1, 5, 8)).astype("float32")
    np.testing.assert_array_equal(small(x), model.layers[-1](x + x))


def test_a_layer_called_twice_is_bypassed_twice():
    inputs, shared = keras.Input((4,)), layers.Dense(4, name="shared")
    model = keras.Model(inputs, layers.Dense(2, name="head")(shared(shared(inputs))))
    small = prune_layers(model, "shared")
    np.testing.assert_array_equal(small(X), model.get_layer("head")(X))


def test_a_removed_layer_leaves_nothing_behind():
    small = prune_layers(chain(), "add1")
    reachable = {id(layer) for layer in small.layers}
    for layer in small.layers:
        assert {id(node.operation) for node in layer._outbound_nodes} <= reachable


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"n": 1}, "the data is missing"),
        ({"n": 1, "criterion": "loss", "data": X}, "not compiled with a loss"),
        ({"n": 1, "criterion": "loss", "loss": "mse", "data": X}, "the data has no targets"),
        ({"n": 1, "criterion": lambda *_: np.nan}, "score is not a number"),
        ({"n": 1, "criterion": "l1", "data": X}, "does not know it"),
        ({"n": 0, "data": X}, "at least one block"),
        ({"n": 1, "ratio": 0.5, "data": X}, "both say"),
        ({"ratio": 1.0, "data": X}, "ratio must be in"),
        ({"ratio": 0.1, "data": X}, "less than one of 3 candidates"),
        ({"layers": "nobody"}, "no such layer"),
        ({"layers": "add0", "keep": "nobody"}, "no layer of 'net' has that name"),
        ({"layers": "add0", "keep": "f0"}, "both name 'add0'"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(arguments, found):
    with pytest.raises(PruneError, match=found):
        plan_layers(chain(), **arguments)


def test_a_subclassed_model_is_refused():
    class Custom(keras.Model):
        def call(self, x):
            return x

    model = Custom()
    model.build((None, 4))
    with pytest.raises(PruneError, match="its calls are code"):
        plan_layers(model)


@pytest.mark.parametrize(
    ("name", "candidates"), [("ResNet50", 12), ("ResNet50V2", 9), ("MobileNetV2", 10)]
)
def test_residual_networks_of_keras_lose_blocks_as_if_zeroed(name, candidates):
    family = getattr(keras.applications, name)
    model = family(weights=None, include_top=False, input_shape=(32, 32, 3))
    rows = [row for row in plan_layers(model).rows if row.reason == "can be removed"]
    assert len(rows) == candidates
    small = prune_layers(model, [rows[0].name, rows[-1].name])
    for row in (rows[0], rows[-1]):
        last = model.get_layer(row.layers[-1])
        last.set_weights([w * 0 for w in last.get_weights()])
    x = RNG.uniform(0, 1, (1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(small(x), model(x))
