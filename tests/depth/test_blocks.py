"""Which additions close a residual block, in nested models too, and which do not."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.depth.residual import RNG, X, chain, names, of_nothing, of_something
from tfprune.depth import plan_layers, prune_layers
from tfprune.depth.blocks import find_blocks
from tfprune.errors import PruneError
from tfprune.layer_names import Names


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


@of_nothing
def test_a_nested_model_that_becomes_nothing_still_works():
    def inner():
        inputs = keras.Input((4,))
        return keras.Model(inputs, inputs + layers.Dense(4)(inputs))

    model = nested_in(inner)
    (row,) = plan_layers(model).rows
    small = prune_layers(model, row.name)
    np.testing.assert_array_equal(small(X), model.get_layer("top")(X))


@of_something
def test_where_keras_builds_no_model_of_nothing_the_error_says_so():
    inputs = keras.Input((4,))
    inner = keras.Model(inputs, inputs + layers.Dense(4)(inputs))
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2)])
    with pytest.raises(PruneError, match="nothing lies between an input and the outputs"):
        prune_layers(model, plan_layers(model).rows[0].name)


@of_nothing
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


def test_a_block_around_something_kept_stays():
    model = nested_in(block_in_block)
    plan = plan_layers(model, n=1, criterion=lambda *_: 0.0, keep="*/inner")
    assert [row.name.split("/")[1] for row in plan.rows if not row.remove] == ["inner", "outer"]


def test_a_block_goes_with_the_block_around_it():
    plan = plan_layers(block_in_block(), n=1, criterion=lambda block, _: block.name != "outer")
    assert plan.removed == ("inner", "outer")
    assert plan.rows[0].reason == "it lies inside a block that goes"
    assert plan.apply().count_params() == 3 * 20


def test_a_block_inside_another_goes_alone():
    model = block_in_block()
    small = prune_layers(model, "inner")
    assert small.count_params() == model.count_params() - 20


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


def test_a_block_of_a_nested_model_is_called_as_the_layer_that_closes_it():
    x = keras.Input((4,))
    y = keras.layers.Add(name="same")([x, keras.layers.Dense(4, name="f")(x)])
    inner = keras.Model(x, y, name="same")
    model = keras.Sequential([keras.Input((4,)), inner])
    [block] = find_blocks(model)
    assert block.name == Names(model).path_of(inner.get_layer("same")) == "same"
