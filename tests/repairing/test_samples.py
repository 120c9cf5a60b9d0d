import keras
import numpy as np

from tfprune.repairing.samples import Samples

MODEL = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(1)])


def test_batches_are_joined_and_keep_their_order():
    x = np.arange(100.0).reshape(50, 1, 2)
    samples = Samples(MODEL, [(x[at : at + 10],) for at in range(0, 50, 10)], "try", 64, 30)
    assert [numbers.tolist() for numbers in samples.numbers] == [
        [*range(30)],
        [*range(30, 50)],
    ]
    np.testing.assert_array_equal(np.concatenate([t[0] for t in samples.tensors()]), x)


def test_batches_of_other_lengths_stay_apart():
    short, long = np.zeros((10, 1, 2)), np.zeros((10, 3, 2))
    samples = Samples(MODEL, iter([(short,), (long,), (long,)]), "try", 64, 30)
    assert [t[0].shape for t in samples.tensors()] == [(10, 1, 2), (20, 3, 2)]
    assert samples.disagreement(MODEL) == 0
