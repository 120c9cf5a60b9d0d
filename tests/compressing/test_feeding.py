"""Training data in each form becomes what `fit` takes."""

import numpy as np
import pytest
import tensorflow as tf

from tfprune.compressing.feeding import fit_arguments

X, Y = np.zeros((8, 6), "float32"), np.arange(8)


def test_arrays_stay_arrays_and_are_shuffled_by_fit(trained):
    found = fit_arguments((X, Y), trained, 4)
    assert found["x"] is X and found["y"] is Y and found["shuffle"] and found["batch_size"] == 4


@pytest.mark.parametrize("batched", [True, False])
def test_a_dataset_is_batched_once(trained, batched):
    data = tf.data.Dataset.from_tensor_slices((X, Y))
    found = fit_arguments(data.batch(4) if batched else data, trained, 4)
    assert next(iter(found["x"]))[0].shape == (4, 6) and not found["shuffle"]


def test_a_folder_or_a_list_of_batches_is_read_so_that_fit_can_shuffle_it(trained):
    found = fit_arguments([(X[:4], Y[:4]), (X[4:], Y[4:])], trained, 4)
    assert found["x"].shape == (8, 6) and found["y"].tolist() == list(range(8))
