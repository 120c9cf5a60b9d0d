import importlib
import pathlib
import pkgutil

import keras
import keras.src.activations.activations
import keras.src.ops
import numpy as np
import pytest
from keras import activations, layers, ops

import tfprune.channels.rules.finding
import tfprune.channels.rules.operations
import tfprune.counts.layer_rules
import tfprune.counts.op_rules
import tfprune.quantization.rules.activations
import tfprune.quantization.rules.operations
import tfprune.rewriting.pooled
from tfprune import keras_facts, prune_structured
from tfprune.graph import Calls
from tfprune.keras_facts import Einsum, activation_of, is_elementwise, kernels_of, op_name
from tfprune.keras_internals import maker, node_behind
from tfprune.quantization.rules.finding import find_rule
from tfprune.rewriting.functions import hard_sigmoid_of

CASES = [
    # layer, input shape, kernels: (name, in axes, out axes)
    (lambda: layers.Dense(3), (4,), [("x/kernel", (0,), (1,))]),
    (lambda: layers.Conv2D(8, 3, groups=2), (6, 6, 4), [("x/kernel", (2,), (3,))]),
    (lambda: layers.Conv2DTranspose(8, 3), (6, 6, 4), [("x/kernel", (3,), (2,))]),
    (lambda: layers.DepthwiseConv2D(3), (6, 6, 4), [("x/kernel", (2,), (2, 3))]),
    (
        lambda: layers.SeparableConv1D(8, 3),
        (6, 4),
        [("x/depthwise_kernel", (1,), (1, 2)), ("x/pointwise_kernel", (1,), (2,))],
    ),
    (
        lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3)),
        (5, 4),
        [("x/kernel", (0,), (1, 2))],
    ),
    (lambda: layers.EinsumDense("...x,xy->...y", 3), (5, 4), [("x/kernel", (0,), (1,))]),
    (
        lambda: layers.LSTM(3),
        (5, 4),
        [("x/lstm_cell/kernel", (0,), (1,)), ("x/lstm_cell/recurrent_kernel", (0,), (1,))],
    ),
    (
        lambda: layers.TimeDistributed(layers.Dense(3, name="inner")),
        (5, 4),
        [("x/inner/kernel", (0,), (1,))],
    ),
    (lambda: layers.BatchNormalization(), (4,), []),
]


@pytest.mark.parametrize(("make", "shape", "expected"), CASES)
def test_a_layers_kernels_and_their_axes(make, shape, expected):
    layer = make()
    layer.name = "x"
    model = keras.Sequential([keras.Input(shape), layer])
    assert [(k.name, k.in_axes, k.out_axes) for k in kernels_of(model)] == expected


def test_attention_has_four_projections():
    inputs = keras.Input((5, 8))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 4, name="mha")(inputs, inputs))
    assert [(k.name, k.shape, k.canonical_shape) for k in kernels_of(model)] == [
        ("mha/query/kernel", (8, 2, 4), (8, 8)),
        ("mha/key/kernel", (8, 2, 4), (8, 8)),
        ("mha/value/kernel", (8, 2, 4), (8, 8)),
        ("mha/attention_output/kernel", (2, 4, 8), (8, 8)),
    ]


def test_a_shared_layer_is_counted_once_and_nested_names_carry_their_path():
    shared = layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, inner(shared(inputs)))
    assert [k.name for k in kernels_of(model)] == ["shared/kernel"]
    assert [k.name for k in kernels_of(keras.Sequential([inner]))] == ["inner/shared/kernel"]


TABLES = {
    "keras_facts": keras_facts.ELEMENTWISE_OPS | keras_facts.JOINING_OPS,
    "channels": tfprune.channels.rules.operations._RULES,
    "counts": tfprune.counts.op_rules._RULES,
    "counts: hiding": tfprune.counts.op_rules._HIDING,
    "counts: multiplying": tfprune.counts.op_rules._MULTIPLYING,
    "int8": tfprune.quantization.rules.operations._RULES,
    "rewriting": tfprune.rewriting.pooled._OPS,
}


since_315 = pytest.mark.skipif(keras.__version__ < "3.15", reason="tables know a later Keras")


@since_315
@pytest.mark.parametrize("table", TABLES)
def test_every_operation_in_a_table_is_one_of_keras(table):
    names = [room.name for room in pkgutil.iter_modules(keras.src.ops.__path__)]
    rooms = [vars(importlib.import_module(f"keras.src.ops.{n}")) for n in names if "test" not in n]
    rooms.append(vars(keras.src.activations.activations))
    kinds = {kind.__name__ for room in rooms for kind in room.values() if is_operation(kind)}
    assert set(TABLES[table]) - kinds <= {"ReluWithLimits"}  # our name, see op_name


def is_operation(kind):
    return isinstance(kind, type) and issubclass(kind, keras.Operation)


def test_one_place_asks_where_a_class_comes_from():
    house = pathlib.Path(tfprune.__file__).parent
    asking = {p.name for p in house.rglob("*.py") if "__module__" in p.read_text()}
    users_own = {"importing.py", "digest.py"}  # a user's module and function, without Keras
    assert asking == {"origins.py", "kinds.py", *users_own}


def test_every_class_and_package_that_is_named_by_its_path_exists():
    paths = [p for p in tfprune.channels.rules.finding._BY_NAME if p.startswith("keras.")]
    for path in paths:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name), path
    for part in tfprune.counts.layer_rules._FREE:
        importlib.import_module(f"keras.src.layers.{part}".removesuffix("."))


@since_315
def test_every_activation_of_keras_is_in_the_tables_and_nothing_else_is():
    known = keras_facts.ELEMENTWISE_FUNCTIONS | keras_facts.MIXING_FUNCTIONS
    assert known == {function.__name__ for function in keras.src.activations.ALL_OBJECTS}
    assert set(tfprune.quantization.rules.activations._KNOWN) <= known


OF_ONE_ARGUMENT = sorted(keras_facts.ELEMENTWISE_FUNCTIONS - {"threshold"})


@since_315
@pytest.mark.parametrize("name", OF_ONE_ARGUMENT)
def test_an_activation_is_elementwise_as_keras_computes_it(name):
    function = getattr(activations, name)
    x = np.linspace(-9, 9, 37, dtype="float32")
    alone = [float(function(value[None])[0]) for value in x]
    np.testing.assert_allclose(function(x), alone, rtol=1e-5)
    assert activation_of(layers.Activation(name)) == name


@since_315
def test_an_operation_is_the_activation_that_it_computes():
    for name in {*OF_ONE_ARGUMENT, "softmax"} & set(vars(ops)):
        assert activation_of(maker(getattr(ops, name)(X))) == name
    assert activation_of(maker(ops.exp(X))) == "exponential"


def test_a_function_of_the_users_own_is_no_activation_of_keras():
    def relu(x):
        return ops.softmax(x)

    def hard_swish(x):
        return x * ops.relu6(x + 3.0) / 6.0

    assert is_elementwise(hard_swish) and is_elementwise(lambda x: 3 * x)
    assert not is_elementwise(lambda x: x * ops.arange(7.0)) and not is_elementwise(lambda x: x[0])
    assert is_elementwise(activations.relu) and is_elementwise(layers.LeakyReLU())
    assert not is_elementwise(relu) and not is_elementwise(activations.softmax)


X = keras.Input((4,))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (activations.relu(X), "Relu"),
        (activations.relu(X, max_value=6.0), "Relu6"),
        (activations.relu(X, negative_slope=0.1), "LeakyRelu"),
        (activations.relu(X, threshold=1.0), "ReluWithLimits"),
        (ops.relu(X), "Relu"),
        (X + 1.0, "Add"),
        (layers.ReLU()(X), None),
    ],
)
def test_an_operation_is_known_by_what_it_computes(made, name):
    assert op_name(maker(made)) == name


def test_every_room_knows_relu_under_its_other_name():
    x = layers.Dense(4, name="first")(keras.Input((3,)))
    made = activations.relu(x)
    model = keras.Model(X := maker(x).input, layers.Dense(2)(made))
    smaller = prune_structured(model, criterion="l2", ratio=0.5)
    assert smaller.get_layer("first").units == 2
    assert not find_rule(maker(made)).reason
    gate = activations.relu(x + 3.0, max_value=6.0) / 6.0
    assert hard_sigmoid_of(Calls(keras.Model(X, gate)), node_behind(gate)) is x


def test_an_einsum_equation_names_each_axis():
    assert Einsum.parse("...d, de -> ...e", [3, 2]) == Einsum(
        (("...2", "...1", "d"), ("d", "e")), ("...2", "...1", "e")
    )
    assert Einsum.parse("b...,b...->b...", [3, 2]).output == ("b", "...2", "...1")
    assert Einsum.parse("...ij,...jk", [3, 2]).output == ("...1", "i", "k")
    assert Einsum.parse("ii").output == ()
