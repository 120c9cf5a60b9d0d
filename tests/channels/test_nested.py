"""Shared layers, nested models, and layers that cannot be followed."""

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace
from tfprune.keras_facts import kernels_of


def sizes(model):
    return [line.split(":")[0] for line in prunable(model)]


def dense(name, units=4):
    return layers.Dense(units, name=name)


def model_of(vectors, x):
    return keras.Model(vectors, layers.Dense(2, name="head")(x))


def tower(width=4, name="tower"):
    """A Functional model of two Dense layers with a residual."""
    inputs = keras.Input((width,))
    x = layers.Add()([inputs, dense("up", width)(layers.ReLU()(dense("mid", 6)(inputs)))])
    return keras.Model(inputs, x, name=name)


def test_a_layer_that_is_called_twice_ties_both_inputs_and_shares_its_outputs():
    left, right = keras.Input((3,)), keras.Input((3,))
    shared = dense("shared", 6)
    x = [shared(dense("left")(left)), shared(dense("right")(right))]
    model = model_of([left, right], layers.Concatenate()(x))
    assert prunable(model)[0] == (
        "right 4: writes right/kernel[1] right/bias[0] left/kernel[1] left/bias[0]; "
        "reads shared/kernel[0]"
    )
    shared = next(group for group in trace(model).groups if group.name == "shared")
    assert shared.members[-1].units.tolist() == [0, 1, 2, 3, 4, 5] * 2
    small = check(model)
    assert len(small.get_layer("shared")._inbound_nodes) == 2


def test_a_layer_that_is_also_called_with_an_input_of_the_model_keeps_its_reads():
    vectors = keras.Input((4,))
    shared = dense("shared")
    model = model_of(vectors, shared(shared(vectors)))
    assert kept(model) == {"shared": "shared is also called with a fixed width"}
    check(model)


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(name="norm"),
        layers.LayerNormalization(name="norm"),
        layers.GroupNormalization(2, name="norm"),
        layers.PReLU(name="norm"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_normalization_shared_with_a_fixed_width_is_kept(layer):
    vectors = keras.Input((4,))
    model = model_of(
        vectors, layers.Concatenate()([layer(vectors), layer(dense("dense")(vectors))])
    )
    assert set(kept(model)) >= {"dense"}
    check(model)


def test_an_activation_is_shared_by_all_widths():
    vectors = keras.Input((3,))
    relu = layers.ReLU()
    model = model_of(vectors, relu(dense("two", 6)(relu(dense("one")(relu(vectors))))))
    assert sizes(model) == ["one 4", "two 6"]
    check(model)


def test_a_reshape_shared_by_two_widths_keeps_both():
    vectors = keras.Input((4, 3))
    reshape = layers.Reshape((2, -1), name="shape")
    x = [reshape(dense("four", 4)(vectors)), reshape(dense("six", 6)(vectors))]
    check(model_of(vectors, layers.Concatenate()(x)))


@pytest.mark.parametrize(
    "shared, shape",
    [
        (layers.Reshape((1, 4, 4), name="shared"), (4, 4)),
        (layers.EinsumDense("abc,bd->adc", (3, 4), bias_axes="d", name="shared"), (4, 4)),
        (layers.Permute((2, 1), name="shared"), (4, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_shape_that_a_fixed_width_shares_is_kept(shared, shape):
    vectors = keras.Input(shape)
    x = layers.Concatenate()([shared(vectors), shared(dense("dense")(vectors))])
    check(model_of(vectors, x))


def test_an_add_shared_by_two_pairs():
    vectors = keras.Input((3,))
    add = layers.Add()
    x = add([dense("a")(vectors), dense("b")(vectors)])
    y = add([dense("c", 6)(vectors), dense("d", 6)(vectors)])
    model = model_of(vectors, layers.Concatenate()([x, y]))
    assert sorted(sizes(model)) == ["a 4", "c 6"]
    check(model)


def test_a_nested_model_is_looked_into():
    vectors = keras.Input((3,))
    model = model_of(vectors, tower()(dense("first")(vectors)))
    assert prunable(model) == [
        "first 4: writes first/kernel[1] first/bias[0] tower/up/kernel[1] tower/up/bias[0]; "
        "reads tower/mid/kernel[0] head/kernel[0]",
        "tower/mid 6: writes tower/mid/kernel[1] tower/mid/bias[0]; reads tower/up/kernel[0]",
    ]
    small = check(model)
    assert small.get_layer("tower").get_layer("mid").units == 3


def test_a_nested_model_that_is_called_twice():
    vectors = keras.Input((3,))
    twice = tower()
    model = model_of(vectors, twice(twice(dense("first")(vectors))))
    assert sizes(model) == ["first 4", "tower/mid 6"]
    small = check(model)
    assert len(small.layers) == len(model.layers)


def test_a_nested_model_on_the_input_of_the_model():
    vectors = keras.Input((4,))
    model = model_of(vectors, tower()(vectors))
    assert sizes(model) == ["tower/mid 6"]
    check(model)


def test_a_nested_model_called_with_and_without_a_fixed_width():
    vectors = keras.Input((4,))
    twice = keras.Sequential([keras.Input((4,)), dense("a", 6), dense("b", 4)], name="twice")
    model = model_of(vectors, twice(twice(vectors)))
    assert sizes(model) == ["twice/a 6"]
    check(model)


def test_models_in_models_in_a_sequential():
    inner = keras.Sequential([keras.Input((4,)), dense("a", 6), tower(6, "deep")], name="inner")
    model = keras.Sequential([keras.Input((3,)), dense("first"), inner, dense("head", 2)])
    assert sizes(model) == ["first 4", "inner/a 6", "inner/deep/mid 6"]
    small = check(model)
    assert isinstance(small, keras.Sequential)
    assert isinstance(small.get_layer("inner"), keras.Sequential)


def test_operations_of_a_nested_model_that_is_called_twice():
    inputs = keras.Input((4, 3))
    left, right = ops.split(dense("wide", 8)(inputs), 2, axis=-1)
    constant = ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0])
    x = ops.pad((left * constant)[..., 1:], ((0, 0), (0, 0), (1, 0))) + right
    x = dense("out", 3)(ops.reshape(x, (-1, 1, 16)))
    gated = keras.Model(inputs, ops.reshape(ops.repeat(x, 4, 1), (-1, 4, 3)), name="gated")
    model = model_of(start := keras.Input((4, 3)), gated(gated(start)))
    assert {size.split()[0] for size in sizes(model)} == {"gated/wide"}
    check(model)


def test_a_nested_model_of_open_size_called_with_two_sizes():
    image = keras.Input((None, None, 4))
    x = layers.Conv2D(6, 3, name="conv")(image)
    x = layers.Conv2D(4, 1, name="back")(x)
    open_size = keras.Model(image, x, name="open")
    start = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 1, name="stem")(start)
    x = open_size(layers.MaxPooling2D()(open_size(x)))
    model = model_of(start, layers.GlobalAveragePooling2D()(x))
    small = check(model)
    assert small.get_layer("open").input_shape[1:3] == (None, None)


def test_a_model_of_open_size():
    image = keras.Input((None, None, 3))
    x = layers.SeparableConv2D(4, 3, name="a")(layers.Conv2D(8, 3, name="b")(image))
    model = model_of(image, layers.GlobalMaxPooling2D()(x))
    assert check(model).input_shape == (None, None, None, 3)


def test_a_nested_model_of_several_inputs_and_outputs():
    one, two = keras.Input((4,), name="one"), keras.Input((6,), name="two")
    joined = layers.Concatenate()([one, two])
    inner = keras.Model(
        {"one": one, "two": two}, [dense("a")(joined), dense("b", 6)(joined)], name="inner"
    )
    vectors = keras.Input((3,))
    first, second = dense("first")(vectors), dense("second", 6)(vectors)
    a, b = inner({"one": first, "two": second})
    model = model_of(vectors, layers.Concatenate()([a, b, first]))
    assert sorted(sizes(model)) == ["first 4", "inner/a 4", "inner/b 6", "second 6"]
    check(model)


def test_the_same_layer_in_two_nested_models():
    shared = dense("shared")
    towers = [keras.Sequential([keras.Input((4,)), shared], name=name) for name in ("a", "b")]
    vectors = keras.Input((3,))
    x = dense("first")(vectors)
    model = model_of(vectors, layers.Concatenate()([towers[0](x), towers[1](x)]))
    assert sizes(model) == ["first 4", "a/shared 4"]
    check(model, saves=False)  # Keras loads two separate layers, the second without weights


def test_a_lambda_of_operations_is_followed_and_a_model_of_them_stands_in_its_place():
    vectors = keras.Input((3,))
    half = layers.Lambda(lambda x: x[:, :2] - x[:, 2:], name="half")
    model = model_of(vectors, half(dense("dense")(vectors)))
    assert sizes(model) == ["dense 2"]
    assert isinstance(check(model).get_layer("half"), keras.Model)


def test_a_lambda_of_other_code_is_kept_with_a_note():
    vectors = keras.Input((3,))
    double = layers.Lambda(lambda x: tf.add(x, x), name="double")
    model = model_of(vectors, double(dense("dense")(vectors)))
    reason = "it holds code of another kind than keras.ops; write it with those, or as a layer"
    assert kept(model) == {"dense": f"read by double: {reason}"}
    [note] = notes(model)
    assert note.startswith(f"double: {reason}; it was not unfolded: its call does not take")


def test_a_lambda_beside_a_prunable_path():
    vectors = keras.Input((3,))
    x = layers.Lambda(lambda x: 2 * x, name="double", output_shape=(3,))(vectors)
    model = model_of(vectors, dense("dense")(x))
    assert sizes(model) == ["dense 4"]


@keras.saving.register_keras_serializable("tests")
class DropPath(layers.Layer):
    """Leaves out a branch of some examples, in training (arXiv:1603.09382)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, x, training=None):
        if not training:
            return x
        shape = (ops.shape(x)[0], *[1] * (len(x.shape) - 1))
        return x * ops.cast(keras.random.uniform(shape, seed=self.seed) > 0.5, x.dtype)


def test_a_layer_that_acts_in_training_alone_lets_units_pass_and_stays():
    vectors = keras.Input((3,))
    x = dense("dense")(vectors)
    model = model_of(vectors, layers.Add()([x, DropPath(name="drop")(dense("branch")(x))]))
    assert sizes(model) == ["dense 4"] and not notes(model)
    small = check(model)
    assert type(small.get_layer("drop")) is DropPath
    assert small(ops.ones((5, 3)), training=True).shape == (5, 2)


@keras.saving.register_keras_serializable("tests")
class Drawn(DropPath):
    """Draws a number around its mean, in training (the code of a VAE)."""

    def call(self, inputs, training=None):
        mean, size = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed) if training else 0
        return mean + size * noise if training else mean


def test_what_meets_in_training_alone_goes_together():
    vectors = keras.Input((3,))
    code = Drawn()([dense("mean")(vectors), dense("size")(vectors)])
    model = model_of(vectors, code)
    assert sizes(model) == ["mean 4"] and not notes(model)
    assert check(model)(ops.ones((5, 3)), training=True).shape == (5, 2)


@keras.saving.register_keras_serializable("tests")
class Mixes(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 4), name="kernel")

    def call(self, x):
        return tf.matmul(x, self.kernel)  # no code of Keras


def test_an_unknown_custom_layer_is_kept_with_a_note():
    vectors = keras.Input((3,))
    model = model_of(vectors, dense("after")(Mixes(name="mixes")(dense("before")(vectors))))
    reason = "no flow rule for Mixes; a custom layer can declare one as channel_flow(call)"
    assert kept(model) == {"before": f"read by mixes: {reason}"}
    [note] = notes(model)
    assert note.startswith(f"mixes: {reason}; it was not unfolded: its call does not take symbolic")
    assert sizes(model) == ["after 4"]
    check(model)


@keras.saving.register_keras_serializable("tests")
class Louder(layers.Dense):
    pass


@keras.saving.register_keras_serializable("tests")
class Squared(layers.Dense):
    def call(self, x):
        return ops.square(super().call(x))


def test_a_subclass_flows_like_its_base_unless_it_has_a_call_of_its_own():
    vectors = keras.Input((3,))
    model = model_of(vectors, Squared(4, name="other")(Louder(4, name="louder")(vectors)))
    assert list(kept(model)) == ["louder"]
    check(model)
    plain = model_of(vectors, Louder(4, name="louder")(vectors))
    assert sizes(plain) == ["louder 4"]
    assert type(check(plain).get_layer("louder")) is Louder


def test_mixed_precision_is_kept():
    image = keras.Input((6, 6, 3))
    half = {"dtype": "mixed_float16"}
    x = layers.Conv2D(8, 3, name="conv", **half)(image)
    x = layers.BatchNormalization(**half)(x)
    x = layers.MultiHeadAttention(2, 2, **half)(y := layers.Reshape((16, 8), **half)(x), y)
    x = layers.LayerNormalization(**half)(x * ops.cast(ops.ones(8) * 0.5, "float16"))
    x = layers.GlobalAveragePooling1D(**half)(layers.LSTM(4, return_sequences=True, **half)(x))
    model = keras.Model(image, layers.Dense(2, dtype="float32")(x))
    small = check(model, tolerance=2e-2)
    assert small.get_layer("conv").compute_dtype == "float16"
    assert small.get_layer("conv").kernel.dtype == "float32"


def test_trainable_flags_and_names_are_as_before():
    vectors = keras.Input((3,))
    model = model_of(vectors, tower()(dense("first")(vectors)))
    model.get_layer("tower").get_layer("mid").trainable = False
    small = check(model)
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
    assert not small.get_layer("tower").get_layer("mid").trainable


def test_a_structure_can_be_shrunk_more_than_once():
    vectors = keras.Input((4, 3))
    x = ops.reshape(dense("wide", 8)(vectors)[..., 2:], (-1, 24))
    model = model_of(vectors, x)
    for ratio in (0.75, 0.25, 0.5):
        check(check(model, ratio=ratio), ratio=0.5)


def test_kernels_are_called_as_in_every_other_room():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="same")], name="same")
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="head")])
    members = {member.name for group in trace(model).groups for member in group.members}
    assert (
        {"same/kernel", "head/kernel"} == {kernel.name for kernel in kernels_of(model)} <= members
    )
