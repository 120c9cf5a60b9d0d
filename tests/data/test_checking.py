"""What cannot be the data of a model is an error that names the input and the count."""

import numpy as np
import pytest
import tensorflow as tf

from tfprune.data import Batches, Input, Usual, Wanted
from tfprune.errors import PruneError

X = np.zeros((256, 1), "float32")
PIXELS = Input(name="pixels", shape=(None, 2), dtype="uint8")
IDS = Input(name="ids", shape=(None, 2), dtype="int32", rows=5, table="words")
FLOATS = Input(name="x", shape=(None, 2))


def with_one(value, shape=(128, 2)):
    values = np.zeros(shape, "float32")
    values[-1, -1] = value
    return values


def read(data, *inputs, **more):
    return list(Batches(data, Wanted(asked="score", inputs=inputs or (FLOATS,), **more)))


REFUSED = {
    "the data is missing": (None, FLOATS),
    "the data is empty": (np.zeros((0, 2)), FLOATS),
    "an object of type int holds no arrays": (3, FLOATS),
    "'x' holds 1 NaN among its 256 values": (with_one(np.nan), FLOATS),
    "'x' holds 1 infinite among": (with_one(np.inf), FLOATS),
    "1 values that float16 cannot": (
        with_one(1e5),
        Input(name="x", shape=(None, 2), dtype="float16"),
    ),
    "1 fractions, the model takes int32": (
        with_one(0.5),
        Input(name="x", shape=(None, 2), dtype="int32"),
    ),
    "1 values outside of 0 to 255, its range as uint8": (with_one(-1), PIXELS),
    "1 id outside of 0 to 4, the rows of 'words' .from 0 to 5.": (with_one(5), IDS),
    "outside of 0 to 1, its range as bool": (
        with_one(3),
        Input(name="x", shape=(None, 2), dtype="bool"),
    ),
    r"shape \(4, 3\), the model takes samples of shape \(2,\)": (np.zeros((4, 3)), FLOATS),
    "unequal numbers of rows: x 4, targets 0 3": ((np.zeros((4, 2)), np.zeros(3)), FLOATS),
    "no array of numbers": (np.array([["a", "b"]]), FLOATS),
    "'x' got a RaggedTensor": (tf.data.Dataset.from_tensors(tf.ragged.constant([[1], []])), FLOATS),
    "a tuple of 5": ((X,) * 5, FLOATS),
    "the data repeats without end": (tf.data.Dataset.from_tensors(X).repeat(), FLOATS),
    "reading element 0 failed: ZeroDivisionError": ((1 / 0 for _ in range(2)), FLOATS),
}


@pytest.mark.parametrize("found", REFUSED)
def test_what_no_model_can_use_is_refused(found):
    data, spec = REFUSED[found]
    with pytest.raises(PruneError, match=found):
        read(data, spec)


def test_nan_beyond_the_rows_that_are_used_is_found_all_the_same():
    with pytest.raises(PruneError, match="1 NaN"):
        read(with_one(np.nan), rows=4)


def test_a_weight_may_not_be_nan_but_a_target_may_mean_not_labelled():
    x, nan = np.zeros((4, 2)), np.full(4, np.nan)
    assert len(read((x, nan))) == 1
    with pytest.raises(PruneError, match="sample_weight holds 4 NaN"):
        read((x, np.zeros(4), nan))


def test_a_name_that_is_missing_is_told_with_the_nearest():
    with pytest.raises(
        PruneError, match=r"arrays named \['imgae'\]; .* called \['image'\]"
    ) as told:
        read({"imgae": X}, Input(name="image", shape=(None, 1)))
    assert told.value.fix == "name 'imgae' 'image'"


def test_an_array_that_is_not_used_is_told():
    data = Batches({"x": np.zeros((4, 2)), "y": X}, Wanted(asked="score", inputs=(FLOATS,)))
    assert len(list(data)) == 1
    assert data.notes[0].reason == "not used: ['y'], for the model's inputs are ['x']"


@pytest.mark.parametrize(("scale", "told"), [(1, 0), (90, 0), (110, 1)])
def test_data_a_hundred_times_wider_than_in_training_earns_a_note(scale, told):
    usual = Usual("norm", np.array([3.0, 3.0]), np.array([4.0, 4.0]))
    x = 3 + 2 * scale * np.tile([[1.0, -1.0], [-1.0, 1.0]], (8, 1))
    data = Batches(
        x, Wanted(asked="score", inputs=(Input(name="x", shape=(None, 2), usual=usual),))
    )
    list(data)
    assert [note.subject for note in data.notes] == ["x"] * told
    assert all("110 times wider than what 'norm' saw" in note.reason for note in data.notes)
