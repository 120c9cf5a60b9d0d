"""RNN layers in a file."""

import keras
import numpy as np
from keras import layers

import tfprune
from tfprune.tflite import read_tflite


def test_a_dropout_leaves_no_seed_in_the_file(tmp_path):
    lstm = layers.LSTM(2, dropout=0.5, recurrent_dropout=0.25)
    model = keras.Sequential([keras.Input((3, 2)), lstm])
    tfprune.convert(model, tmp_path / "model.tflite")
    tflite = read_tflite(tmp_path / "model.tflite")
    assert not {op.name for op in tflite.all_ops} & {"VAR_HANDLE", "ASSIGN_VARIABLE"}
    assert (lstm.dropout, lstm.recurrent_dropout) == (0.5, 0.25)
    x = np.ones((1, 3, 2), "float32")
    assert tfprune.verify(model, tmp_path / "model.tflite", x).passed
