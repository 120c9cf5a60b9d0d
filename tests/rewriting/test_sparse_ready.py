"""make_sparse_ready: what it changes, that exact changes are exact, and what it cannot change."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune
from tests.rewriting.models import IMAGES, dense_head, gate, kinds, net, norm, randomized
from tfprune.errors import PruneError, PruneWarning
from tfprune.plan import PruneForLatencyOnXNNPack
from tfprune.rewriting import plan_sparse_ready

GAP = layers.GlobalAveragePooling2D


def same_outputs(plan, images=IMAGES):
    return np.allclose(plan.original(images), plan.model(images), rtol=1e-4, atol=1e-5)


def is_ready(plan):
    PruneForLatencyOnXNNPack().ensure_model_supports_pruning(plan.model)
    return not plan.notes


def test_a_network_that_is_ready_is_copied_as_it_is():
    plan = plan_sparse_ready(net())
    assert plan.changes == () and is_ready(plan) and same_outputs(plan)
    assert plan.model is not plan.original
    assert str(plan) == "'net': nothing to change; it can run sparse"


# Padding


def strided(x, kernel=3, padding="same"):
    return layers.DepthwiseConv2D(kernel, 2, padding, name="half")(x)


@pytest.mark.parametrize(
    ("pad", "kernel", "words"),
    [
        (lambda x: strided(x), 3, "padding='same'"),
        (lambda x: strided(x, 5), 5, "padding='same'"),
        (
            lambda x: strided(layers.ZeroPadding2D(((0, 1), (0, 1)))(x), 3, "valid"),
            3,
            "ZeroPadding2D(((0, 1), (0, 1)))",
        ),
        (
            lambda x: strided(layers.ZeroPadding2D(((1, 2), (1, 2)))(x), 5, "valid"),
            5,
            "ZeroPadding2D(((1, 2), (1, 2)))",
        ),
    ],
)
def test_uneven_padding_at_stride_2_becomes_even(pad, kernel, words):
    plan = plan_sparse_ready(net(pad))
    [change] = plan.changes
    assert (change.subject, change.effect) == ("half", "shifts")
    assert change.what == f"{words} becomes ZeroPadding2D({kernel // 2}) and padding='valid'"
    assert is_ready(plan) and not same_outputs(plan) and plan.difference(IMAGES) > 0.01


def test_even_padding_is_uneven_padding_of_an_image_moved_by_one_pixel():
    stem = lambda x: layers.Conv2D(2, 3, 2, "same", name="stem")(x)  # noqa: E731
    plan = plan_sparse_ready(net(stem=stem))
    before, after = (
        keras.Model(model.input, model.get_layer("stem").output)
        for model in (plan.original, plan.model)
    )
    moved = np.roll(IMAGES, -1, axis=(1, 2))
    inner = np.s_[:, 1:-1, 1:-1]
    np.testing.assert_allclose(before(IMAGES)[inner], after(moved)[inner], atol=1e-5)


def test_padding_keeps_every_weight_and_every_size():
    plan = plan_sparse_ready(net(strided))
    old, new = plan.original.get_layer("half"), plan.model.get_layer("half")
    assert new.output.shape == old.output.shape and new.padding == "valid"
    np.testing.assert_array_equal(new.get_weights()[0], old.get_weights()[0])


def test_a_shared_convolution_stays_shared():
    half = layers.DepthwiseConv2D(3, 2, "same", name="half")
    plan = plan_sparse_ready(net(lambda x: layers.Add()([half(x), half(layers.ReLU()(x))])))
    assert is_ready(plan)
    assert [layer.name for layer in plan.model.layers].count("half") == 1


def test_two_layers_that_halve_the_same_map_get_a_map_each():
    def two_ways(x):
        return layers.Add()([strided(x), layers.DepthwiseConv2D(3, 2, "same", name="other")(x)])

    plan = plan_sparse_ready(net(two_ways))
    assert [change.effect for change in plan.changes] == ["shifts", "shifts", "exact"]
    copy = plan.model.get_layer("other_copy")
    np.testing.assert_array_equal(copy(IMAGES[..., [0] * 8]), IMAGES[..., [0] * 8])
    assert is_ready(plan) and plan.model.get_layer("other_own_pad").padding == ((1, 1), (1, 1))


def test_padding_that_would_change_a_size_is_left_with_the_reason():
    plan = plan_sparse_ready(net(lambda x: strided(x, padding="valid")))
    assert [note.subject for note in plan.notes] == ["half", "half"]
    assert "padding by 1 would change the size of its output" in plan.notes[0].reason


@pytest.mark.parametrize(
    ("size", "nearest"), [(48, "32x32 or 64x64"), (20, "32x32"), (100, "96x96 or 128x128")]
)
def test_a_size_that_gives_an_odd_map_is_named_with_the_nearest_ones(size, nearest):
    def halved_four_times(x):
        for i in range(4):
            x = layers.DepthwiseConv2D(3, 2, "same", name=f"half{i}")(x)
        return x

    [note] = plan_sparse_ready(net(halved_four_times, shape=(size, size, 3))).notes
    assert note.subject == "image"
    assert f"the nearest multiples of 32 are {nearest}" in note.reason


@pytest.mark.parametrize("options", [{}, {"use_bias": False}, {"activation": "relu"}])
def test_a_separable_convolution_becomes_two_layers_that_policies_prune(options):
    separable = layers.SeparableConv2D(8, 3, padding="same", name="both", **options)
    plan = plan_sparse_ready(net(separable))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    assert PruneForLatencyOnXNNPack().allow_pruning(plan.model.get_layer("both"))


# Heads and gates


def conv(units, name, **options):
    return layers.Conv2D(units, 1, name=name, **options)


HEADS = {
    "keepdims, 1x1, flatten": lambda x: layers.Flatten()(conv(4, "head")(GAP(keepdims=True)(x))),
    "keepdims, 1x1, reshape, softmax": lambda x: layers.Softmax()(
        layers.Reshape((4,))(conv(4, "head")(layers.Dropout(0.2)(GAP(keepdims=True)(x))))
    ),
    "reshape, 1x1": lambda x: layers.Flatten()(
        conv(4, "head", use_bias=False)(layers.Reshape((1, 1, 6))(GAP()(x)))
    ),
    "two 1x1 and an activation": lambda x: layers.Flatten()(
        conv(4, "head")(layers.Activation("hard_silu")(conv(9, "hidden")(GAP(keepdims=True)(x))))
    ),
    "keepdims, Dense": lambda x: layers.Dense(4, name="head")(GAP(keepdims=True)(x)),
    "mean by an operation": lambda x: ops.reshape(
        conv(4, "head")(ops.mean(x, axis=(1, 2), keepdims=True)), (-1, 4)
    ),
    "with BatchNormalization": lambda x: layers.Flatten()(
        conv(4, "head")(norm(conv(5, "hidden")(GAP(keepdims=True)(x))))
    ),
    "1x1 as the output": lambda x: conv(4, "head")(GAP(keepdims=True)(x)),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_becomes_pooling_and_dense_layers_exactly(name):
    plan = plan_sparse_ready(net(head=HEADS[name]))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    pool = next(layer for layer in plan.model.layers if isinstance(layer, GAP))
    assert not pool.keepdims and isinstance(plan.model.get_layer("head"), layers.Dense)
    assert plan.model.output_shape == plan.original.output_shape


def hard_by_hand(x):
    return layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)


GATES = {
    "reshape, 1x1": lambda x: gate(
        x,
        lambda x: layers.Reshape((1, 1, 8))(GAP()(x)),
        lambda s: conv(8, "excite", activation="sigmoid")(conv(3, "squeeze", activation="silu")(s)),
    ),
    "Dense, reshape": lambda x: gate(
        x,
        lambda x: layers.Dense(3, "relu", name="squeeze")(GAP()(x)),
        lambda s: layers.Reshape((1, 1, 8))(layers.Dense(8, "sigmoid", name="excite")(s)),
    ),
    "Dense without reshape": lambda x: gate(
        x, GAP(), lambda s: layers.Dense(8, "sigmoid", name="excite")(s)
    ),
    "hard sigmoid as a layer": lambda x: gate(
        x,
        GAP(keepdims=True),
        lambda s: layers.Activation("hard_sigmoid")(conv(8, "excite")(s)),
    ),
    "hard sigmoid of operations, as MobileNetV3 has it": lambda x: gate(
        x, GAP(keepdims=True), lambda s: hard_by_hand(conv(8, "excite", use_bias=False)(s))
    ),
    "hard sigmoid inside the convolution": lambda x: gate(
        x, GAP(keepdims=True), conv(8, "excite", activation="hard_sigmoid")
    ),
    "hard sigmoid, Dense and reshape": lambda x: gate(
        x,
        GAP(),
        lambda s: layers.Reshape((1, 1, 8))(
            layers.Activation("hard_sigmoid")(layers.Dense(8, name="excite")(s))
        ),
    ),
    "relu6 by keras.ops": lambda x: gate(
        x, GAP(keepdims=True), lambda s: ops.relu6(3.0 + conv(8, "excite")(s)) / 6
    ),
}


@pytest.mark.parametrize("name", GATES)
def test_a_gate_becomes_pooling_and_1x1_convolutions_exactly(name):
    plan = plan_sparse_ready(net(GATES[name]))
    assert plan.exact and plan.changes and is_ready(plan) and same_outputs(plan)
    assert isinstance(plan.model.get_layer("excite"), layers.Conv2D)
    assert {"Dense", "Reshape", "GlobalAveragePooling2D"} & set(kinds(plan.model)) == {
        "Dense",
        "GlobalAveragePooling2D",
    }


def test_a_gate_of_a_map_of_one_pixel_is_a_gate():
    plan = plan_sparse_ready(net(GATES["Dense, reshape"], shape=(2, 2, 3)))
    assert isinstance(plan.model.get_layer("excite"), layers.Conv2D)
    assert same_outputs(plan, IMAGES[:, :2, :2])


def test_a_pooling_that_feeds_a_gate_and_a_head_is_named():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 2, "same", name="stem")(image)
    pooled = GAP(name="both")(x)
    gated = x * layers.Reshape((1, 1, 4))(layers.Dense(4, "sigmoid")(pooled))
    model = keras.Model(image, [layers.Dense(2)(pooled), dense_head(gated)])
    assert "a gate and a head" in str(plan_sparse_ready(model).notes[0])


@pytest.mark.parametrize(
    "swish",
    [
        lambda x: layers.Multiply()([x, hard_by_hand(x)]),
        lambda x: x * layers.Activation("hard_sigmoid")(x),
        lambda x: ops.hard_sigmoid(x) * x,
    ],
)
def test_a_hard_swish_of_several_operations_becomes_one_activation(swish):
    plan = plan_sparse_ready(net(swish))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    [activation] = [x for x in plan.model.layers if isinstance(x, layers.Activation)]
    assert activation.activation is keras.activations.hard_silu


def test_a_hard_sigmoid_of_a_map_is_divided_by_a_depthwise_convolution():
    plan = plan_sparse_ready(net(layers.Activation("hard_sigmoid", name="hard")))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    assert plan.model.get_layer("hard").max_value == 1.0


# Scales and offsets


@pytest.mark.parametrize(
    "middle",
    [
        norm,  # after the stem's activation
        lambda x: layers.ReLU()(norm(layers.Add()([x, layers.ReLU()(x)]))),
        lambda x: x * 0.7,
        lambda x: 1.0 - x,
        lambda x: (x - 0.5) / 3.0,
        lambda x: x + np.arange(8, dtype="float32"),
        layers.Rescaling(0.3, 0.1),
        layers.Normalization(mean=[0.5] * 8, variance=[2.0] * 8),
    ],
)
def test_a_scale_or_offset_after_an_activation_gets_a_convolution(middle):
    plan = plan_sparse_ready(net(middle))
    assert plan.exact and plan.changes and is_ready(plan) and same_outputs(plan)
    carriers = [x for x in plan.model.layers if x.name.endswith("_carrier")]
    assert carriers and not any(layer.trainable for layer in carriers)


def test_what_the_converter_folds_is_left_alone():
    def middle(x):
        return 0.5 * norm(layers.SpatialDropout2D(0.1)(layers.Conv2D(8, 1)(x)))

    plan = plan_sparse_ready(net(middle))
    assert plan.changes == () and plan.notes == ()


def test_a_scale_before_the_stem_is_left_alone():
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(image)
    model = keras.Model(image, net()(x))
    assert [change.subject for change in plan_sparse_ready(model).changes] == ["net"]


# The whole model


def test_the_model_that_is_passed_stays_as_it_is():
    model = net(GATES["hard sigmoid, Dense and reshape"], head=HEADS["two 1x1 and an activation"])
    config, weights = model.get_config(), model.get_weights()
    tfprune.make_sparse_ready(model)
    assert model.get_config() == config
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))


def test_models_nested_in_a_model_become_part_of_it():
    backbone = keras.Sequential([layers.Conv2D(8, 3, 2, "same", name="stem"), norm_layer()])
    image = keras.Input((32, 32, 3))
    pooled = GAP(keepdims=True)(backbone(image, training=False))
    model = keras.Model(image, layers.Flatten()(conv(4, "stem")(pooled)))
    plan = plan_sparse_ready(randomized(model))
    names = [layer.name for layer in plan.model.layers]
    assert is_ready(plan) and names[2:4] == [f"{backbone.name}_stem", "norm"]
    [call] = plan.model.get_layer("norm")._inbound_nodes
    assert call.arguments.kwargs["training"] is False


def norm_layer():
    return layers.BatchNormalization(name="norm")


def test_an_image_with_one_channel_is_read_three_times():
    plan = plan_sparse_ready(net(shape=(32, 32, 1)))
    assert plan.exact and is_ready(plan) and same_outputs(plan, IMAGES[..., :1])
    assert plan.model.get_layer("stem").kernel.shape == (3, 3, 3, 8)


def everything():
    def middle(x):
        return GATES["hard sigmoid, Dense and reshape"](norm(x * hard_by_hand(x)))

    return net(middle, head=HEADS["two 1x1 and an activation"])


def test_the_result_is_plain_keras_and_survives_saving(tmp_path):
    ready = tfprune.make_sparse_ready(everything())
    assert all(type(layer).__module__.startswith("keras.src.layers") for layer in ready.layers)
    ready.save(tmp_path / "ready.keras")
    loaded = keras.saving.load_model(tmp_path / "ready.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(IMAGES), ready(IMAGES), atol=1e-6)


def test_frozen_layers_stay_frozen():
    model = net(head=HEADS["keepdims, 1x1, flatten"])
    model.get_layer("head").trainable = model.get_layer("stem").trainable = False
    ready = tfprune.make_sparse_ready(model)
    assert [v.path for v in ready.trainable_variables] == ["pointwise/kernel", "pointwise/bias"]


def test_a_batch_normalization_trains_as_before():
    plan = plan_sparse_ready(net(norm))
    outputs = [model(IMAGES, training=True) for model in (plan.original, plan.model)]
    np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-5)
    means = [m.get_layer("norm").moving_mean for m in (plan.original, plan.model)]
    np.testing.assert_allclose(*means, rtol=1e-5)


# What it cannot change


@pytest.mark.parametrize(
    ("middle", "subject", "words"),
    [
        (layers.PReLU(shared_axes=[1, 2], name="odd"), "odd", "PReLU has no kernel"),
        (
            lambda x: layers.Concatenate(name="odd")([x, layers.ReLU()(x)]),
            "odd",
            "Concatenate has no kernel",
        ),
        (lambda x: layers.Subtract(name="odd")([x, layers.ReLU()(x)]), "odd", "Subtract has no"),
        (layers.DepthwiseConv2D(7, padding="same", name="odd"), "odd", "3x3 or 5x5"),
        (layers.UpSampling2D(2, name="odd"), "odd", "only bilinear"),
        (layers.MaxPooling2D(2, name="odd"), "odd", "MaxPooling2D has no kernel"),
        (layers.Conv2D(8, 3, padding="same", name="odd"), "odd", "only 1x1"),
        (layers.Conv2D(8, 1, activation="softplus", name="odd"), "odd", "'softplus'"),
        (lambda x: x * GAP(keepdims=True, name="odd")(x), "odd", "only a 1x1 convolution may"),
        (lambda x: layers.Add(name="odd")([x, x]), "odd", "multiply it by 2"),
        (lambda x: ops.maximum(x, layers.Conv2D(8, 1)(x)), "maximum", "Maximum has no kernel"),
    ],
)
def test_a_layer_that_cannot_run_sparse_is_named(middle, subject, words):
    [note] = plan_sparse_ready(net(middle)).notes
    assert note.subject.startswith(subject) and words in note.reason


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: net(shape=(32, 32, 4)), "'stem' is 3x3, stride 2, on 4 channels"),
        (
            lambda: net(stem=lambda x: layers.Conv2D(8, 7, 2, "same", name="big")(x)),
            "'big' is 7x7, stride 2, on 3 channels",
        ),
        (lambda: net(head=lambda x: layers.Dense(2)(layers.Flatten()(x))), "no GlobalAverage"),
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)]), "it has no convolution"),
    ],
)
def test_a_network_in_which_no_sparse_part_can_begin_or_end_is_left_alone(model, words):
    plan = plan_sparse_ready(model())
    [note] = plan.notes
    assert plan.changes == () and words in note.reason


def test_a_map_that_is_an_output_is_named():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 2, "same", name="stem")(image)
    extra = layers.Conv2D(1, 1, name="mask")(x)
    [note] = plan_sparse_ready(keras.Model(image, [dense_head(x), extra])).notes
    assert str(note) == "mask: reads a map that no GlobalAveragePooling2D follows"


def test_what_stays_in_the_way_is_a_warning():
    with pytest.warns(PruneWarning, match="odd: MaxPooling2D has no kernel"):
        tfprune.make_sparse_ready(net(layers.MaxPooling2D(2, name="odd")))


def test_a_model_that_is_wrapped_for_pruning_is_refused():
    wrapped = tfprune.prune_low_magnitude(net())
    with pytest.raises(PruneError, match="call make_sparse_ready first"):
        tfprune.make_sparse_ready(wrapped)


def test_a_subclassed_model_is_refused():
    class Code(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(PruneError, match="not built"):
        tfprune.make_sparse_ready(Code())
