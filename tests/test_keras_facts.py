import importlib
import pkgutil

import keras
import keras.src.activations.activations
import keras.src.ops
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
from tfprune.keras_facts import Einsum, is_elementwise, kernels_of, op_name
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
    "int8 activations": tfprune.quantization.rules.activations._BY_NAME,
    "rewriting": tfprune.rewriting.pooled._OPS,
}


@pytest.mark.skipif(keras.__version__ < "3.15", reason="tables know operations of a later Keras")
@pytest.mark.parametrize("table", TABLES)
def test_every_operation_in_a_table_is_one_of_keras(table):
    names = [room.name for room in pkgutil.iter_modules(keras.src.ops.__path__)]
    rooms = [vars(importlib.import_module(f"keras.src.ops.{n}")) for n in names if "test" not in n]
    rooms.append(vars(keras.src.activations.activations))
    kinds = {kind.__name__ for room in rooms for kind in room.values() if is_operation(kind)}
    assert set(TABLES[table]) - kinds <= {"ReluWithLimits"}  # our name, see op_name


def is_operation(kind):
    return isinstance(kind, type) and issubclass(kind, keras.Operation)


def test_every_class_and_package_that_is_named_by_its_path_exists():
    paths = [p for p in tfprune.channels.rules.finding._BY_NAME if p.startswith("keras.")]
    for path in paths:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name), path
    for package in tfprune.counts.layer_rules._FREE:
        importlib.import_module(package.removesuffix("."))


def test_every_elementwise_function_is_one_of_keras_and_nothing_else_is():
    assert all(hasattr(activations, name) for name in keras_facts.ELEMENTWISE_FUNCTIONS)

    def relu(x):
        return ops.softmax(x)

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
