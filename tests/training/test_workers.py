"""A backup that several processes share; the example with two of them is a proof."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.errors import PruneError
from tfprune.training import BackupTogether

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")


def trained(folder, epochs):
    """Masks over 3 batches an epoch, in the same order each time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)])
    model = tfprune.prune_low_magnitude(model, tfprune.PolynomialDecay(0, 0.75, 0, 12, frequency=2))
    model.compile("adam", "mse")
    callbacks = [BackupTogether(folder), tfprune.UpdatePruningStep()]
    fit = model.fit(X, X[:, :2], 8, epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model, fit.epoch


@pytest.mark.filterwarnings("ignore::tfprune.PruneWarning")  # cut off, it is below its plan
def test_a_fit_goes_on_after_its_last_epoch_bit_for_bit(tmp_path):
    whole, epochs = trained(tmp_path / "whole", 5)
    assert epochs == [0, 1, 2, 3, 4]
    trained(tmp_path / "cut", 3)
    resumed, epochs = trained(tmp_path / "cut", 5)
    assert epochs == [3, 4]
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore::tfprune.PruneWarning")
def test_the_last_two_states_are_kept(tmp_path):
    trained(tmp_path, 3)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["000002.weights.h5", "000003.weights.h5"]


def test_a_file_is_no_folder_for_backups(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(PruneError, match="it is a file\nfix: name a folder"):
        BackupTogether(tmp_path / "a")
