"""make_sparse_ready: its result is plain Keras, and what it cannot change is named."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune
from tests.rewriting.forms import GAP, GATES, HEADS, conv, hard_by_hand, is_ready, same_outputs
from tests.rewriting.models import IMAGES, dense_head, net, norm, randomized
from tfprune.errors import PruneError, PruneWarning
from tfprune.rewriting import plan_sparse_ready


def test_a_network_that_is_ready_is_copied_as_it_is():
    plan = plan_sparse_ready(net())
    assert plan.changes == () and is_ready(plan) and same_outputs(plan)
    assert plan.model is not plan.original
    assert str(plan) == "'net': nothing to change; it can run sparse"


def test_the_model_that_is_passed_stays_as_it_is():
    model = net(GATES["hard sigmoid, Dense and reshape"], head=HEADS["two 1x1 and an activation"])
    config, weights = model.get_config(), model.get_weights()
    tfprune.make_sparse_ready(model)
    assert model.get_config() == config
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))


def test_models_nested_in_a_model_become_part_of_it():
    backbone = keras.Sequential([layers.Conv2D(8, 3, 2, "same", name="stem"), norm_layer()])
    image = keras.Input((32, 32, 3))
    pooled = GAP(keepdims=True)(conv(8, "point")(backbone(image, training=False)))
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


@pytest.mark.parametrize(
    ("middle", "subject", "words"),
    [
        (layers.PReLU(shared_axes=[1, 2], name="odd"), "odd", "an operand that is no feature map"),
        (
            lambda x: layers.Concatenate(name="odd")([x, layers.ReLU()(x)]),
            "odd",
            "becomes CONCATENATION, which can't stand there",
        ),
        (lambda x: layers.Subtract(name="odd")([x, layers.ReLU()(x)]), "odd", "becomes SUB"),
        (layers.DepthwiseConv2D(7, padding="same", name="odd"), "odd", "has a 7x7 kernel"),
        (
            layers.UpSampling2D(2, name="odd"),
            "odd",
            "becomes TILE, which is left to a",
        ),
        (layers.MaxPooling2D(2, name="odd"), "odd", "becomes MAX_POOL_2D"),
        (layers.Conv2D(8, 3, padding="same", name="odd"), "odd", "is a 3x3 convolution"),
        (layers.Conv2D(8, 1, activation="softplus", name="odd"), "odd", "becomes ADD"),
        (
            lambda x: x * GAP(keepdims=True, name="odd")(x),
            "odd",
            "is read by something else than",
        ),
        (lambda x: layers.Add(name="odd")([x, x]), "stem", "is read twice by one op"),
        (lambda x: ops.maximum(x, layers.Conv2D(8, 1)(x)), "net_1/Maximum", "becomes MAXIMUM"),
    ],
)
def test_a_layer_that_cannot_run_sparse_is_named(middle, subject, words):
    note = plan_sparse_ready(net(middle)).notes[0]
    assert note.subject.startswith(subject) and words in note.reason


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            lambda: net(shape=(32, 32, 4)),
            "stem: becomes CONV_2D, which is the first convolution: 3x3 on 4",
        ),
        (
            lambda: net(stem=lambda x: layers.Conv2D(8, 7, 2, "same", name="big")(x)),
            "big: becomes CONV_2D, which is a 7x7 convolution",
        ),
        (
            lambda: net(head=lambda x: layers.Dense(2)(layers.Flatten()(x))),
            "net: does not end in",
        ),
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense(2)]), "has no convolution"),
    ],
)
def test_a_network_in_which_no_sparse_part_can_begin_or_end_is_left_alone(model, words):
    plan = plan_sparse_ready(model())
    [note] = plan.notes
    assert plan.changes == () and words in str(note)


def test_a_map_that_is_an_output_is_named():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 2, "same", name="stem")(image)
    extra = layers.Conv2D(1, 1, name="mask")(x)
    [note] = plan_sparse_ready(keras.Model(image, [dense_head(x), extra])).notes
    assert str(note) == (
        "mask: becomes CONV_2D, which writes an output of the model, or what a builtin kernel "
        "reads: end in GlobalAveragePooling2D() and Dense layers"
    )


def test_what_stays_in_the_way_is_a_warning():
    with pytest.warns(PruneWarning, match="odd: becomes MAX_POOL_2D"):
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
