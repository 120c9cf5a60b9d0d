"""Padding at stride 2: what becomes even, what that shifts, and what cannot be."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.rewriting.forms import is_ready, same_outputs
from tests.rewriting.models import IMAGES, net
from tfprune.readiness import PruneForLatencyOnXNNPack
from tfprune.rewriting import plan_sparse_ready


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
    plan = plan_sparse_ready(
        net(lambda x: layers.Add()([half(x), half(layers.Activation("silu")(x))]))
    )
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
