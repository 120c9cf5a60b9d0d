"""Dense, EinsumDense, Embedding, and what lies between them."""

import keras
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace


def tokens_to(*stack, vocabulary=5, width=4):
    x = tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(vocabulary, width, name="embed")(x)
    for layer in stack:
        x = layer(x)
    return keras.Model(tokens, layers.Dense(2, name="head")(x))


def vectors_to(*stack, shape=(5, 3)):
    x = vectors = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(vectors, layers.Dense(2, name="head")(x))


def test_neurons_of_a_sequential_model():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(6, "relu", name="one"),
            layers.Dropout(0.5),
            layers.Dense(4, name="two", use_bias=False),
            layers.Dense(2, name="head"),
        ]
    )
    assert prunable(model) == [
        "one 6: writes one/kernel[1] one/bias[0]; reads two/kernel[0]",
        "two 4: writes two/kernel[1]; reads head/kernel[0]",
    ]
    assert isinstance(check(model), keras.Sequential)


def test_dense_on_a_sequence_acts_on_its_last_axis():
    assert prunable(vectors_to(layers.Dense(4, name="dense"))) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0]"
    ]


def test_an_embedding_writes_its_width():
    model = tokens_to()
    assert prunable(model) == ["embed 4: writes embed/embeddings[1]; reads head/kernel[0]"]
    assert check(model).get_layer("embed").output_dim == 2


def test_token_and_position_embeddings_go_together():
    tokens = keras.Input((6,), dtype="int32")
    places = layers.Embedding(6, 4, name="places")(ops.cumsum(ops.ones_like(tokens), 1) - 1)
    x = layers.Add()([layers.Embedding(5, 4, name="words")(tokens), places])
    model = keras.Model(tokens, layers.Dense(2, name="head")(x))
    assert prunable(model) == [
        "words 4: writes words/embeddings[1] places/embeddings[1]; reads head/kernel[0]"
    ]
    check(model)


def test_flatten_puts_a_channel_at_every_place_of_the_image():
    image = keras.Input((2, 2, 3))
    x = layers.Flatten()(layers.Conv2D(4, 1, name="conv")(image))
    model = keras.Model(image, layers.Dense(2, name="head")(x))
    [group, _] = trace(model).groups
    assert group.members[-1].units.tolist() == [0, 1, 2, 3] * 4
    assert check(model).get_layer("head").kernel.shape == (8, 2)


def test_einsum_dense_like_dense():
    model = vectors_to(layers.EinsumDense("abc,cd->abd", (5, 4), bias_axes="d", name="einsum"))
    assert prunable(model) == [
        "einsum 4: writes einsum/kernel[1] einsum/bias[0]; reads head/kernel[0]"
    ]
    check(model)


def test_einsum_dense_with_an_ellipsis_reads_and_writes():
    model = vectors_to(
        layers.Dense(4, name="dense"),
        layers.EinsumDense("...x,xy->...y", 6, bias_axes="y", activation="relu", name="einsum"),
    )
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads einsum/kernel[0]",
        "einsum 6: writes einsum/kernel[1] einsum/bias[0]; reads head/kernel[0]",
    ]
    check(model)


def test_einsum_dense_of_two_output_axes_has_two_groups():
    project = layers.EinsumDense("abc,cde->abde", (None, 4, 6), bias_axes="de", name="project")
    join = layers.EinsumDense("abde,dec->abc", (None, 4), bias_axes="c", name="join")
    model = vectors_to(project, join)
    assert prunable(model) == [
        "project 4: writes project/kernel[1] project/bias[0]; reads join/kernel[0]",
        "project 6: writes project/kernel[2] project/bias[1]; reads join/kernel[1]",
        "join 4: writes join/kernel[2] join/bias[0]; reads head/kernel[0]",
    ]
    check(model)


def test_einsum_dense_that_moves_an_axis_moves_its_units():
    turn = layers.EinsumDense("abc,bd->adc", (6, 4), bias_axes="d", name="turn")
    model = vectors_to(layers.Dense(4, name="dense"), turn)
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0]"
    ]
    check(model)


def test_the_bias_of_einsum_dense_has_an_axis_for_each_letter_from_its_first_on():
    for axes in ("e", "b", "be", "d", "bde"):
        layer = layers.EinsumDense("abc,cde->abde", (5, 4, 6), bias_axes=axes)
        model = vectors_to(layers.Dense(4), layer)
        assert len(prunable(model)) == 2
        check(model)


def test_einsum_dense_with_weights_of_their_own_for_each_place():
    each = layers.EinsumDense("abc,bcd->abd", (5, 4), bias_axes="bd", name="each")
    model = vectors_to(each)
    assert prunable(model) == ["each 4: writes each/kernel[2] each/bias[1]; reads head/kernel[0]"]
    check(model)


def test_an_axis_that_is_in_all_three_terms_of_an_equation_is_scaled():
    scaled = layers.EinsumDense("abc,c->abc", (5, 4), bias_axes="c", name="scaled")
    model = vectors_to(layers.Dense(4, name="dense"), scaled)
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; scales scaled/kernel[0] scaled/bias[0]; "
        "reads head/kernel[0]"
    ]
    check(model)


def test_einsum_dense_with_an_ellipsis_at_the_end():
    image = keras.Input((5, 3, 4))
    x = layers.EinsumDense("ab...,bcd->acd...", (6, 2), bias_axes="c", name="einsum")(image)
    x = layers.EinsumDense("...d,de->...e", 6, bias_axes="e", name="last")(x)
    model = keras.Model(image, layers.Dense(2)(ops.sum(x, axis=(1, 2, 3))))
    assert [line.split(":")[0] for line in prunable(model)] == ["einsum 6", "einsum 2", "last 6"]
    check(model)


def test_a_reshape_of_a_tensor_whose_channels_stay_last():
    model = vectors_to(layers.Dense(4, name="dense"), layers.Reshape((5, 1, 4)))
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0]"
    ]
    small = check(model)
    assert small.layers[2].target_shape == (5, 1, 2)


def test_a_reshape_may_leave_a_length_open():
    check(vectors_to(layers.Dense(4), layers.Reshape((-1, 4))))
    check(vectors_to(layers.Dense(4), layers.Reshape((5, -1))))


def test_a_reshape_to_rows_repeats_the_channels():
    model = vectors_to(layers.Dense(4, name="dense"), layers.Reshape((2, 12)), shape=(6, 3))
    reads = trace(model).groups[0].members[-1]
    assert reads.units.tolist() == [0, 1, 2, 3] * 3
    check(model)


def test_a_raw_reshape_ties_the_channels_that_end_at_one_place():
    model = vectors_to(layers.Dense(4, name="dense"), layers.Reshape((10, 2), name="raw"))
    group = trace(model).groups[0]
    assert group.members[0].units.tolist() == [0, 1, 0, 1]
    assert check(model).get_layer("raw").target_shape == (10, 1)


def test_channels_that_a_permute_moves_are_followed():
    model = vectors_to(
        layers.Dense(4, name="dense"),
        layers.Permute((2, 1)),
        layers.Reshape((4, 5, 1)),
        layers.Permute((3, 2, 1)),
    )
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0]"
    ]
    check(model)


def test_channels_that_lie_along_a_sequence_are_kept_by_a_reader_of_sequences():
    after = layers.Conv1D(2, 2, name="after")
    model = vectors_to(layers.Dense(4, name="dense"), layers.Permute((2, 1)), after)
    assert kept(model) == {"dense": "they lie along an axis that after mixes"}
    check(model)


def test_repeat_vector_repeats_over_time():
    model = vectors_to(layers.Dense(4, name="dense"), layers.RepeatVector(3), shape=(3,))
    assert prunable(model) == [
        "dense 4: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0]"
    ]
    check(model)


def test_a_softmax_over_channels_is_shared_out_among_those_that_stay():
    model = vectors_to(layers.Dense(4, name="dense"), layers.Softmax(name="soft"))
    assert kept(model) == {}
    check(model)
    each = layers.TimeDistributed(layers.Dense(4, "softmax", name="dense"), name="each")
    assert list(kept(vectors_to(each)).values()) == [
        "the activation softmax of each/dense may mix channels"
    ]
    check(vectors_to(layers.Dense(4, name="dense"), layers.Softmax(axis=1)))


@pytest.mark.parametrize("mode", ["lora", "int8"])
def test_dense_with_lora_or_quantized_weights_is_kept_with_a_note(mode):
    special = layers.Dense(4, name="special")
    model = vectors_to(layers.Dense(4, name="dense"), special)
    if mode == "lora":
        special.enable_lora(2)
        reason = "its LoRA weights are added to its kernel: "
        reason += "tfprune.training.merge_lora(model) first"
    else:
        special.quantize("int8")
        reason = "it is quantized: prune first, quantize afterwards"
    assert kept(model) == {"dense": f"read by special: {reason}"}
    assert notes(model) == [f"special: {reason}"]
    check(model)
