"""Contracts with Keras, KerasHub and TensorFlow; they run before all other tests.

One that fails means that a release has changed what no documentation promises. Give the function of
`tfprune/keras_internals.py` that it calls the new name or the new meaning, for that release and for
those of `TESTED`; other tests that fail with it are most likely the same fault.
"""

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfprune
from tfprune import PruneError
from tfprune import keras_internals as internals
from tfprune.tflite.reading import read_tflite

HOUSE = Path(tfprune.__file__).parent
ELSEWHERE = {  # name → why it stands elsewhere
    "_get_full_signature_list",  # runners/worker.py runs where tfprune is not installed
    "_ArgumentGroup",  # argparse's
    "_actions",  # argparse's
}


def functional():
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    return keras.Model({"a": a, "b": b}, [layers.Add(name="sum")([a, b]), a * 2.0])


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = keras.Sequential([layers.Dense(2, name="deep")], name="inner")

    def call(self, x):
        return self.inner(x)


def test_a_name_that_is_gone_is_an_error_that_says_what_to_do():
    with pytest.raises(PruneError) as error:
        internals.private(layers.Dense(2), "_gone")
    assert error.value.asked == "read Dense._gone, a private name"
    assert error.value.found == (
        f"it is not there, with Keras {keras.__version__}; tfprune knows {internals.TESTED}"
    )
    assert error.value.fix == (
        "install one of those releases, or give tfprune/keras_internals.py the new name"
    )


@pytest.mark.parametrize("kind", [layers.Conv2D, layers.ReLU, layers.MultiHeadAttention])
def test_a_layer_without_a_name_is_called_by_its_class(kind):
    layer = kind() if kind is layers.ReLU else kind(2, 3)
    assert re.fullmatch(rf"{internals.default_name(kind.__name__)}(_\d+)?", layer.name)


def is_private(name):
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__") and name[1:]


def names_in(tree):
    """Attributes, methods and strings, each with the thing it is read from, if it is a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node.attr, getattr(node.value, "id", None)
        elif isinstance(node, ast.Constant) and is_private(node.value):
            yield node.value, None
        elif isinstance(node, ast.FunctionDef) and is_private(node.name):
            yield node.name, None


def defined_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr if getattr(node.value, "id", None) in ("self", "cls") else None
        elif isinstance(node, ast.AnnAssign):
            yield getattr(node.target, "id", None)


def test_no_other_file_reads_a_private_name_that_is_not_ours():
    trees = {
        str(path.relative_to(HOUSE)): ast.parse(path.read_text()) for path in HOUSE.rglob("*.py")
    }
    theirs = {name for name, _ in names_in(trees.pop("keras_internals.py"))}
    ours = {name for tree in trees.values() for name in defined_in(tree)} - theirs
    reads = [
        (path, node.attr)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in ours
    ]
    named = [(path, n) for path, tree in trees.items() for n, _ in names_in(tree) if n in theirs]
    found = {(path, name) for path, name in reads + named if name not in ELSEWHERE}
    assert not found, "move it to tfprune/keras_internals.py, with a contract test here"


def test_no_name_has_a_default():
    calls = [
        (str(path), ast.unparse(node))
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr")
        if isinstance(node.args[1], ast.Constant) and is_private(node.args[1].value)
    ]
    assert not calls, "a renamed name would turn a refusal into wrong arithmetic"


# Layers


def test_what_is_made_without_values_never_gets_any():
    """Keras would fill the kernel, far too large for any memory, at the end of the next scope."""
    with internals.without_values():
        layer = layers.Dense(10**12)
        layer.build((None, 10**12))
    with keras.StatelessScope():
        pass
    assert layer.kernel.shape == (10**12, 10**12)


def test_scopes_that_an_error_leaves_open_are_closed():
    """Keras does not close the scope around a layer whose name TensorFlow refuses."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, name="not a scope")], name="net")
    with pytest.raises(ValueError, match="not a scope"), internals.scopes_closed():
        tf.function(model)(tf.zeros((1, 2)))
    after = layers.Dense(1, name="after")
    after.build((None, 2))
    assert after.kernel.path == "after/kernel"


def test_layers_come_with_all_that_is_inside_each_once():
    block = Block(name="block")
    assert [layer.name for layer in internals.layers_of(block)] == ["block", "inner", "deep"]
    assert [layer.name for layer in internals.layers_inside(block)] == ["inner", "deep"]
    assert [layer.name for layer in internals.direct_layers(block)] == ["inner"]


def test_a_built_layer_can_take_up_another():
    layer = layers.Wrapper(layers.Dense(2))
    layer.build((None, 3))
    with internals.growing(layer):
        layer.late = layers.ReLU()
    assert layer.late in internals.layers_of(layer)
    with pytest.raises(ValueError, match="already built"):
        layer.later = layers.ReLU()


def test_a_layer_can_be_exchanged_in_keras_list():
    block, new = Block(), layers.Dense(3, name="new")
    internals.replace_layer(block, block.inner, new)
    assert [layer.name for layer in internals.direct_layers(block)] == ["new"]


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
def test_a_wrapper_begins_a_sequential_model_as_its_layer_would():
    wrapper = layers.Dense(2)
    internals.take_input_shape(wrapper, layers.Dense(2, input_shape=(3,)))
    assert keras.Sequential([wrapper]).input_shape == (None, 3)


def test_what_a_layer_declares_does_not_change_by_freezing():
    norm = layers.BatchNormalization()
    norm.build((None, 2))
    norm.trainable = False
    assert internals.declared_trainable(norm) == [norm.gamma, norm.beta]


def test_random_numbers_are_a_layers_own():
    assert internals.draws_numbers(layers.Dropout(0.5))
    assert not internals.draws_numbers(Block())


def test_the_attributes_that_hold_a_layers_own_variables():
    block = Block()
    block.gains = [block.add_weight(shape=(2,), name="gain")]
    block.offset = block.add_weight(shape=(), trainable=False, name="offset")
    assert sorted(internals.holding_variables(block)) == ["gains", "offset"]


def test_the_flag_of_a_layer_itself_leaves_those_inside_alone():
    block = Block()
    internals.set_own_trainable(block, False)
    assert not internals.own_trainable(block) and not block.trainable
    assert internals.own_trainable(block.inner)


def test_a_fit_begins_with_the_epoch_that_a_callback_says():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    begin = keras.callbacks.LambdaCallback(
        on_train_begin=lambda logs: internals.begin_fit_at(model, 2)
    )
    x = np.zeros((2, 1))
    assert model.fit(x, x, epochs=4, verbose=0, callbacks=[begin]).epoch == [2, 3]


def test_recurrent_cells_have_dropout_inside():
    own = layers.GRUCell(2), layers.LSTM(2).cell, layers.Dense(2), layers.Dropout(0.5)
    assert [internals.drops_out_inside(layer) for layer in own] == [True, True, False, False]


def test_a_call_takes_training_or_not():
    node = internals.node_behind(keras.Input((2,)) * 2.0)
    takes = [layers.Dropout(0.5), layers.Flatten(), node.operation]
    assert [internals.takes_training(operation) for operation in takes] == [True, False, False]


def test_a_layer_checks_the_shape_of_its_input():
    dense = layers.Dense(2)
    dense.build((None, 3))
    internals.check_input(dense, keras.KerasTensor((1, 3)))
    with pytest.raises(ValueError, match="incompatible"):
        internals.check_input(dense, keras.KerasTensor((1, 4)))


# Graphs


def test_a_tensor_knows_who_made_it():
    x, dense = keras.Input((2,), name="x"), layers.Dense(2)
    first, second = dense(x), dense(x)
    assert internals.maker(x).name == "x" and internals.maker(first) is dense
    assert internals.node_behind(second) is internals.calls_of(dense)[1]
    assert internals.node_behind(x).is_input
    fresh = keras.KerasTensor((1, 2))
    dense(fresh)
    assert internals.node_behind(fresh) is internals.node_behind(keras.KerasTensor((1,))) is None


def test_calls_can_be_undone_and_an_operation_copied_without_them():
    x, dense = keras.Input((2,)), layers.Dense(2)
    before = dense(x)
    with internals.calls_undone([dense]):
        layers.ReLU()(dense(x))
    assert internals.calls_of(dense) == [internals.node_behind(before)]
    double = internals.maker(x * 2.0)
    assert internals.calls_of(double) and not internals.calls_of(internals.uncalled(double))


def test_a_graph_has_its_calls_by_depth_and_its_structures():
    model = functional()
    depths = internals.nodes_by_depth(model)
    names = {d: {n.operation.name for n in nodes if not n.is_input} for d, nodes in depths.items()}
    assert "sum" in names[0] and names[max(depths)] == set()
    assert list(internals.input_structure(model)) == ["a", "b"]
    assert len(internals.output_structure(model)) == 2


def test_a_built_sequential_holds_a_graph():
    built = keras.Sequential([keras.Input((2,)), layers.ReLU()])
    assert isinstance(internals.graph_in(built), keras.Function)
    assert internals.graph_in(keras.Sequential([layers.ReLU()])) is None


def test_a_batch_becomes_flat():
    batch = {"b": np.ones((3, 2)), "a": np.zeros((3, 2))}
    a, b = internals.flat_inputs(functional(), batch)
    assert (float(a[0, 0]), float(b[0, 0]), b.dtype.name) == (0.0, 1.0, "float32")


def test_an_embedding_gives_its_tensor_a_mask():
    ids = keras.Input((3,))
    masked, plain = (layers.Embedding(4, 2, mask_zero=mask)(ids) for mask in (True, False))
    assert internals.mask_of(masked).shape == (None, 3) and internals.mask_of(plain) is None


# Training


def test_a_compiled_model_knows_its_loss_weights():
    model = functional()
    model.compile(loss=["mse", "mse"], loss_weights=[1.0, 0.5])
    assert internals.loss_weights(model) == [1.0, 0.5]


def test_a_compiled_model_knows_what_it_was_compiled_with():
    model, metric = functional(), keras.metrics.MeanSquaredError()
    assert internals.compiled_settings(model) == {}
    model.compile(loss=["mse", None], weighted_metrics=[[metric], []])
    found = internals.compiled_settings(model)
    assert found["loss"] == ["mse", None] and found["weighted_metrics"][0][0] is metric
    assert found["metrics"] is None


def test_dropout_draws_from_a_state_that_can_be_set():
    model = keras.Sequential([keras.Input((64,)), layers.Dropout(0.5)])
    drawn = []
    for seed in (1, 2, 1):
        internals.reset_random_states(model, seed)
        drawn.append(np.asarray(model(np.ones((1, 64)), training=True)))
    assert (drawn[0] == drawn[2]).all() and (drawn[0] != drawn[1]).any()


def test_an_optimizer_lists_what_it_added():
    optimizer = keras.optimizers.SGD()
    assert internals.variables_of_optimizer(optimizer)[0] is optimizer.iterations


OPTIMIZERS = {
    "sgd": (lambda: keras.optimizers.SGD(momentum=0.9, use_ema=True), [0.0, 0.0]),
    "adam": (lambda: keras.optimizers.Adam(gradient_accumulation_steps=2), [0.0] * 3),
    "adagrad": (lambda: keras.optimizers.Adagrad(initial_accumulator_value=0.5), [0.5]),
    "rmsprop": (lambda: keras.optimizers.RMSprop(centered=True), [0.0, 0.0]),
    "adafactor": (lambda: keras.optimizers.Adafactor(), [0.0]),  # those of rows are not meant
}


@pytest.mark.parametrize(("make", "first"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_keeps_lists_with_an_entry_for_each_variable(make, first):
    bias, kernel = keras.Variable(np.ones(3)), keras.Variable(np.ones((2, 3)))
    optimizer = make()
    optimizer.build([bias, kernel])
    slots = internals.slots_of(optimizer, kernel)
    assert [(slot.shape, value) for slot, value in slots] == [((2, 3), value) for value in first]
    if make().name != "SGD":
        assert all((slot.numpy() == value).all() for slot, value in slots)


# Attention


@pytest.fixture(scope="module")
def attention():
    layer = layers.MultiHeadAttention(2, 3, output_shape=4, dropout=0.5)
    layer.build((None, 5, 4), (None, 5, 4))
    return layer


def test_attention_has_projections_equations_and_a_dropout(attention):
    shapes = [dense.kernel.shape for dense in internals.projections(attention)]
    assert shapes == [(4, 2, 3), (4, 2, 3), (4, 2, 3), (2, 3, 4)]
    assert internals.given_output_shape(attention) == (4,)
    scores, sums = internals.attention_equations(attention)
    keys, queries, values = np.ones((1, 5, 2, 3)), np.ones((1, 6, 2, 3)), np.ones((1, 5, 2, 3))
    weights = np.einsum(scores, keys, queries)
    assert weights.shape == (1, 2, 6, 5)
    assert np.einsum(sums, weights, values).shape == (1, 6, 2, 3)
    assert isinstance(internals.attention_dropout(attention), layers.Dropout)


def test_attention_makes_one_mask_of_all(attention):
    x = np.ones((1, 3, 4), "float32")
    mask = internals.attention_mask(
        attention,
        x,
        x,
        query_mask=None,
        value_mask=np.array([[True, True, False]]),
        key_mask=None,
        attention_mask=None,
        use_causal_mask=True,
    )
    expected = [[True, False, False], [True, True, False], [True, True, False]]
    assert np.array_equal(mask, [expected])


def test_a_subclass_with_scores_of_its_own_is_told_apart(attention):
    class Own(layers.MultiHeadAttention):
        def _compute_attention(self, *args, **kwargs):
            return super()._compute_attention(*args, **kwargs)

    assert internals.attends_like(attention, layers.MultiHeadAttention)
    assert not internals.attends_like(Own(2, 3), layers.MultiHeadAttention)


def test_grouped_attention_has_projections_and_perhaps_a_gate():
    known = "use_gate" in layers.GroupQueryAttention(2, 2, 1).get_config()
    layer = layers.GroupQueryAttention(2, 2, 1, **({"use_gate": True} if known else {}))
    layer.build((None, 5, 4), (None, 5, 4))
    shapes = [dense.kernel.shape for dense in internals.projections(layer)]
    assert shapes == [(4, 2, 2), (4, 1, 2), (4, 1, 2), (2, 2, 4)]
    gate = internals.gate_of(layer)
    assert gate.kernel.shape == (4, 2, 2) if known else gate is None


def test_a_normalization_knows_its_axes():
    layer = layers.Normalization(axis=-1, mean=0.0, variance=1.0)
    layer.build((None, 3, 2))
    assert internals.normalized_axes(layer) == ((2,), (0, 1))


# KerasHub


def test_the_encoders_of_keras_hub_have_parts():
    modeling = pytest.importorskip("keras_hub").layers
    encoder = modeling.TransformerEncoder(8, 2)
    encoder.build((None, 3, 4))
    first, second = internals.feed_forward(encoder)
    assert (first.kernel.shape, second.kernel.shape) == ((4, 8), (8, 4))
    assert internals.projections(internals.self_attention(encoder))[0].kernel.shape == (4, 2, 2)
    net = modeling.FNetEncoder(8)
    net.build((None, 3, 4))
    first, second = internals.f_net_feed_forward(net)
    assert (first.kernel.shape, second.kernel.shape) == ((4, 8), (8, 4))


def test_a_decoder_of_keras_hub_attends_to_an_encoder_or_not():
    modeling = pytest.importorskip("keras_hub").layers
    alone, beside = modeling.TransformerDecoder(8, 2), modeling.TransformerDecoder(8, 2)
    alone.build((None, 3, 4))
    beside.build((None, 3, 4), (None, 3, 4))
    assert internals.cross_attention(alone) is None
    assert internals.projections(internals.cross_attention(beside))[0].kernel.shape == (4, 2, 2)


# tf_keras and TensorFlow


@pytest.mark.tfmot
def test_a_model_of_tf_keras_has_layers_and_makers_under_the_same_names():
    tf_keras = pytest.importorskip("tf_keras")
    model = tf_keras.Sequential([tf_keras.layers.Dense(2, name="d", input_shape=(3,))])
    assert [layer.name for layer in internals.layers_inside(model) if layer.weights] == ["d"]
    assert internals.maker(model.outputs[0]).name == "d"


@pytest.mark.parametrize("optimizations", [[], [tf.lite.Optimize.DEFAULT]])
def test_a_converter_that_loads_no_model_writes_what_tensorflows_own_writes(
    tmp_path, optimizations
):
    module = tf.Module()
    module.kernel = tf.Variable(np.eye(64, dtype="float32"))
    spec = tf.TensorSpec((1, 64), tf.float32, name="x")
    serve = tf.function(lambda x: {"y": tf.nn.relu(x @ module.kernel)}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path), signatures=serve)
    one, other = (internals.converter_of(str(tmp_path)) for _ in range(2))
    one.optimizations = other.optimizations = optimizations
    content = one.convert()
    assert content == super(type(other), other).convert()
    assert [op.name for op in read_tflite(content).subgraphs[0].ops] == ["FULLY_CONNECTED"]


def test_the_converter_stops_after_calibration_and_quantizes_what_came_out():
    function = tf.function(lambda x: tf.nn.relu(x * 3.0)).get_concrete_function(
        tf.TensorSpec((1, 2), tf.float32)
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: [[np.full((1, 2), 5.0, "float32")]]
    internals.calibrate_only(converter)
    content = converter.convert()
    quantized = internals.quantize_calibrated(
        content,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        denylisted_nodes=[],
        denylisted_ops=[],
    )
    dtypes = [read_tflite(data).subgraphs[0].tensors[0].dtype for data in (content, quantized)]
    assert dtypes == ["float32", "int8"]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Dense(4), (2, 3)),
        (layers.EinsumDense("ab,bc->ac", 4), (2, 3)),
        (layers.Conv1D(4, 1), (2, 5, 3)),
        (layers.Embedding(3, 4), (2, 3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lora_adds_two_weights_to_a_frozen_one_and_the_layer_shows_the_sum(layer, shape):
    layer.build(shape)
    assert internals.lora_of(layer) is None
    layer.enable_lora(1)
    base, merged, added = internals.lora_of(layer)
    added[1].assign(np.ones(added[1].shape))
    assert not base.trainable and base.shape == merged.shape
    assert np.abs(internals.lora_of(layer).merged - base).max() > 0
