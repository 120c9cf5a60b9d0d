"""Recurrent layers: a unit owns a column of every gate and a row of the recurrent kernel."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace


def sequence_to(*stack, head=True):
    """A Dense layer `embed` on a sequence, and what follows."""
    vectors = keras.Input((5, 3))
    x = layers.Dense(4, name="embed")(vectors)
    for layer in stack:
        x = layer(x)
    return keras.Model(vectors, layers.Dense(2, name="head")(x) if head else x)


def sizes(model):
    return [line.split(":")[0] for line in prunable(model)]


@pytest.mark.parametrize(
    "layer, gates",
    [
        (layers.LSTM(6, name="rnn"), 4),
        (layers.LSTM(6, name="rnn", use_bias=False), 4),
        (layers.LSTM(6, name="rnn", unit_forget_bias=False, go_backwards=True), 4),
        (layers.GRU(6, name="rnn", reset_after=True), 3),
        (layers.GRU(6, name="rnn", reset_after=False), 3),
        (layers.GRU(6, name="rnn", use_bias=False, unroll=True), 3),
        (layers.SimpleRNN(6, name="rnn"), 1),
        (layers.RNN(layers.LSTMCell(6), name="rnn"), 4),
        (layers.RNN(layers.GRUCell(6, reset_after=False), name="rnn"), 3),
        (layers.RNN(layers.SimpleRNNCell(6), name="rnn"), 1),
    ],
)
@pytest.mark.parametrize("sequences", [False, True])
def test_a_recurrent_unit(layer, gates, sequences):
    layer = type(layer).from_config({**layer.get_config(), "return_sequences": sequences})
    model = sequence_to(layer)
    assert sizes(model) == ["embed 4", f"rnn/{layer.cell.name} 6"]
    kernel = next(
        m
        for g in trace(model).groups
        for m in g.members
        if m.role == "writes" and m.variable is layer.cell.kernel
    )
    assert kernel.units.tolist() == [0, 1, 2, 3, 4, 5] * gates
    assert check(model).get_layer("rnn").cell.units == 3


def test_the_members_of_an_lstm():
    _, rnn = prunable(sequence_to(layers.LSTM(6, name="rnn")))
    assert rnn == (
        "rnn/lstm_cell 6: reads rnn/lstm_cell/recurrent_kernel[0] head/kernel[0]; "
        "writes rnn/lstm_cell/kernel[1] rnn/lstm_cell/recurrent_kernel[1] rnn/lstm_cell/bias[0]"
    )


def test_states_that_are_returned_and_given_go_with_the_units():
    vectors = keras.Input((5, 3))
    x, *states = layers.LSTM(4, return_state=True, name="encoder")(vectors)
    y = layers.LSTM(4, return_sequences=True, name="decoder")(vectors, initial_state=states)
    model = keras.Model(vectors, [layers.Dense(2, name="head")(y), layers.Dense(2)(x)])
    assert len(sizes(model)) == 1
    check(model)


def test_a_state_made_by_another_layer():
    vectors, start = keras.Input((5, 3)), keras.Input((3,))
    state = layers.Dense(4, name="state")(start)
    y = layers.GRU(4, name="rnn")(vectors, initial_state=state)
    model = keras.Model([vectors, start], layers.Dense(2, name="head")(y))
    assert len(sizes(model)) == 1
    check(model)


def test_a_state_that_is_an_input_of_the_model_keeps_the_units():
    vectors, state = keras.Input((5, 3)), keras.Input((4,))
    y = layers.GRU(4, name="rnn")(vectors, initial_state=state)
    model = keras.Model([vectors, state], layers.Dense(2, name="head")(y))
    assert set(kept(model).values()) == {"goes together with a fixed width in rnn"}
    check(model)


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
def test_both_directions_merge_in_every_mode(mode):
    vectors = keras.Input((5, 3))
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode=mode, name="both")(
        vectors
    )
    x = layers.Concatenate()(x) if mode is None else x
    model = keras.Model(vectors, layers.Dense(2, name="head")(x))
    assert len(sizes(model)) == (2 if mode in ("concat", None) else 1)
    check(model)


def test_directions_of_different_kinds():
    both = layers.Bidirectional(
        layers.LSTM(4, name="one"),
        backward_layer=layers.GRU(4, go_backwards=True, name="other"),
        name="both",
    )
    assert sizes(sequence_to(both)) == [
        "embed 4",
        "both/forward_one/lstm_cell 4",
        "both/other/gru_cell 4",
    ]
    check(sequence_to(both))


def test_a_bidirectional_layer_with_states_is_kept_with_a_note():
    vectors = keras.Input((5, 3))
    x = layers.Dense(4, name="embed")(vectors)
    y, *_ = layers.Bidirectional(layers.GRU(4, return_state=True), name="both")(x)
    model = keras.Model(vectors, layers.Dense(2, name="head")(y))
    assert notes(model) == ["both: a Bidirectional layer with states is not followed"]
    assert "both" in kept(model)["embed"]
    check(model)


@pytest.mark.parametrize(
    "around", [lambda rnn: rnn, layers.Bidirectional], ids=["rnn", "both ways"]
)
def test_stacked_cells_lose_units_one_by_one(around):
    cells = [layers.LSTMCell(6, name="low"), layers.GRUCell(4, name="high")]
    model = sequence_to(around(layers.RNN(cells, name="rnn")))
    assert {"embed 4"} < set(sizes(model))
    check(model)


def test_stacked_cells_with_a_state_are_kept_with_a_note():
    cells = [layers.LSTMCell(6), layers.GRUCell(4)]
    vectors = keras.Input((5, 3))
    output, *_ = layers.RNN(cells, return_state=True, name="rnn")(layers.Dense(4)(vectors))
    assert "stacked cells with states are not followed" in str(notes(keras.Model(vectors, output)))


def test_time_distributed_layers_see_one_step():
    image = keras.Input((3, 4, 4, 3))
    x = layers.TimeDistributed(layers.Conv2D(4, 1, name="conv"), name="each")(image)
    x = layers.TimeDistributed(layers.BatchNormalization())(x)
    x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
    x = layers.TimeDistributed(layers.Dense(6, name="dense"), name="wide")(x)
    model = keras.Model(image, layers.Dense(2, name="head")(layers.LSTM(4, name="rnn")(x)))
    assert sizes(model) == ["each/conv 4", "wide/dense 6", "rnn/lstm_cell 4"]
    check(model)


def test_a_model_over_time_loses_channels_inside():
    frame = [layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(), layers.Flatten()]
    film = keras.Input((3, 5, 5, 2))
    x = layers.TimeDistributed(keras.Sequential([*frame, layers.Dense(5, name="code")]))(film)
    model = keras.Model(film, layers.GRU(2)(x))
    assert [size.split("/")[-1] for size in sizes(model)] == ["conv 4", "code 5"]
    check(model)


def test_time_distributed_flatten_and_reshape():
    model = sequence_to(
        layers.Reshape((5, 2, 2)),
        layers.TimeDistributed(layers.Conv1D(4, 1)),
        layers.TimeDistributed(layers.Reshape((1, 2, 4))),
        layers.TimeDistributed(layers.Flatten()),
    )
    check(model)


@pytest.mark.parametrize(
    "layer, reason",
    [
        (layers.LSTM(4, name="rnn"), "they lie along an axis that rnn mixes"),
        (
            layers.Bidirectional(layers.GRU(4, name="gru"), name="both"),
            "they lie along an axis that both/backward_gru mixes",
        ),
        (
            layers.TimeDistributed(layers.Dense(3), name="each"),
            "they lie along the time axis of each",
        ),
    ],
)
def test_channels_that_lie_along_time_are_kept(layer, reason):
    model = sequence_to(layers.Permute((2, 1)), layer)
    assert reason in kept(model)["embed"]
    check(model)


def test_a_mask_reaches_a_recurrent_layer_of_the_smaller_model():
    tokens = keras.Input((5,), dtype="int32")
    x = layers.Embedding(5, 4, mask_zero=True, name="embed")(tokens)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
    model = keras.Model(tokens, layers.Dense(2)(layers.GRU(4)(layers.Dropout(0.5)(x))))
    assert len(sizes(model)) == 4
    check(model)


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_channel_of_a_convolutional_lstm(form, sequences):
    # Not as wide as there are channels: there Keras 3.15 adds a channels-first bias to the columns.
    video = keras.Input((3, 5, 5, 5))
    x = layers.TimeDistributed(layers.Conv2D(4, 1, data_format=form))(video)
    film = layers.ConvLSTM2D(6, 2, data_format=form, return_sequences=sequences, name="film")
    model = keras.Model(video, layers.Dense(2)(layers.Flatten()(film(x))))
    assert prunable(model)[1].startswith("film/conv_lstm_cell 6: reads film/conv_lstm_cell/rec")
    assert check(model).get_layer("film").cell.filters == 3


def test_one_unit_stays():
    keep_all = sequence_to(layers.LSTM(6, name="rnn"))
    assert check(keep_all, ratio=1.0).get_layer("rnn").cell.units == 1
    assert np.isfinite(keep_all.count_params())
