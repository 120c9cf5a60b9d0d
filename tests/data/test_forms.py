"""The same rows in any form that `fit` takes are the same batches of named inputs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfprune.data import Batches, Input, Wanted
from tfprune.errors import PruneError

X = np.arange(12, dtype="float32").reshape(6, 2)
Y = np.arange(6)
W = np.ones(6, "float32")
ONE = Wanted(
    asked="score", inputs=(Input(name="x", shape=(None, 2)),), outputs=("y",), batch_size=4
)
SLICES = tf.data.Dataset.from_tensor_slices


class Pages(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]


FORMS = {
    "an array": lambda: X,
    "doubles": lambda: X.astype("float64"),
    "numbers in lists": lambda: X.tolist(),
    "a tensor": lambda: tf.constant(X),
    "a list of one input": lambda: [X],
    "a list of batches": lambda: [X[:4], X[4:]],
    "a list of pairs": lambda: [(X[:4], Y[:4]), (X[4:], Y[4:])],
    "a dict": lambda: {"x": X},
    "a pair": lambda: (X, Y),
    "a triple": lambda: (X, Y, W),
    "a tf.data.Dataset": lambda: SLICES((X, Y)).batch(4),
    "a PyDataset": Pages,
    "a generator": lambda: ((X[i : i + 4], Y[i : i + 4]) for i in (0, 4)),
    "a function that yields": lambda: lambda: ([X[i : i + 4]] for i in (0, 4)),
    "a function that returns": lambda: lambda: (X, Y),
}
SAMPLES = {
    "a list of samples": lambda: list(X),
    "a tf.data.Dataset of samples": lambda: SLICES((X, Y)),
    "a generator of samples": lambda: ((x, y) for x, y in zip(X, Y, strict=True)),
    "a generator of dicts": lambda: ({"x": x} for x in X),
}


@pytest.mark.parametrize("form", [*FORMS, *SAMPLES])
def test_every_form_gives_the_same_batches(form):
    data = Batches((FORMS | SAMPLES)[form](), ONE)
    batches = list(data)
    assert [list(batch.inputs) for batch in batches] == [["x"], ["x"]]
    assert [batch.inputs["x"].tolist() for batch in batches] == [X[:4].tolist(), X[4:].tolist()]
    assert {batch.inputs["x"].dtype.name for batch in batches} == {"float32"}
    said = [note.reason for note in data.notes]
    assert len(said) == (form in SAMPLES)
    assert all("single samples: they were put together in batches of 4" in words for words in said)


@pytest.mark.parametrize(
    "form", ["a pair", "a tf.data.Dataset", "a PyDataset", "a tf.data.Dataset of samples"]
)
def test_targets_go_along(form):
    batches = list(Batches((FORMS | SAMPLES)[form](), ONE))
    assert [batch.targets.tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5]]


def test_weights_and_nested_targets_are_cut_alike():
    targets = {"a": Y, "b": [X, X + 1]}
    first, second = Batches((X, targets, W), ONE)
    assert second.targets["b"][1].tolist() == (X[4:] + 1).tolist()
    assert (len(first.weights), len(second.weights)) == (4, 2)


TWO = Wanted(
    asked="score",
    inputs=(
        Input(name="ids", shape=(None, 2), dtype="int32"),
        Input(name="mask", shape=(None,), dtype="bool"),
    ),
)
IDS, MASK = np.array([[1, 2], [3, 4]]), np.array([True, False])


@pytest.mark.parametrize(
    "data",
    [
        [IDS, MASK],
        (IDS, MASK),
        {"mask": MASK, "ids": IDS},
        ([IDS, MASK], np.zeros(2)),
        ({"ids": IDS.astype("float32"), "mask": MASK.astype("int64")}, np.zeros(2)),
        SLICES(({"ids": IDS, "mask": MASK}, np.zeros(2))),
        [{"ids": IDS[i], "mask": MASK[i]} for i in range(2)],
    ],
)
def test_several_inputs_come_by_name_in_the_models_order_and_types(data):
    (batch,) = Batches(data, TWO)
    assert [(n, a.dtype.name) for n, a in batch.inputs.items()] == [
        ("ids", "int32"),
        ("mask", "bool"),
    ]
    assert batch.inputs["ids"].tolist() == IDS.tolist()
    assert batch.inputs["mask"].tolist() == MASK.tolist()


def test_a_fixed_batch_is_filled_from_unequal_ones_and_the_rest_is_told():
    wanted = Wanted(asked="convert", inputs=(Input(name="x", shape=(4, 2)),))
    data = Batches([X[:1], X[1:], X[:3]], wanted)
    assert [len(batch) for batch in data] == [4, 4]
    assert str(data.notes[0]) == "data: 1 sample left out: the model takes batches of 4"


def test_sequences_of_unequal_length_are_batched_with_their_like():
    wanted = Wanted(asked="score", inputs=(Input(name="x", shape=(None, None, 1)),))
    lengths = [len(b.inputs["x"][0]) for b in Batches([np.ones((n, 1)) for n in (3, 3, 5)], wanted)]
    assert lengths == [3, 5]


def test_a_last_axis_of_one_may_be_left_out_as_in_keras():
    column = Wanted(asked="score", inputs=(Input(name="x", shape=(None, 1)),))
    for data in (np.ones(3), np.ones((3, 1)), np.ones((3, 1, 1)), [1.0, 1.0, 1.0]):
        (batch,) = Batches(data, column)
        assert batch.inputs["x"].shape == (3, 1)


def test_a_model_that_knows_no_inputs_gets_them_as_they_are_named():
    unknown = Wanted(asked="score", inputs=None)
    names = [list(next(iter(Batches(d, unknown))).inputs) for d in (X, [X, X], {"a": X}, (X, Y))]
    assert names == [["input_0"], ["input_0", "input_1"], ["a"], ["input_0"]]


def test_steps_and_rows_say_how_much_is_read():
    endless = lambda: SLICES(X).repeat().batch(4)  # noqa: E731
    assert [len(b) for b in Batches(endless(), Wanted(asked="s", inputs=ONE.inputs, steps=3))] == [
        4,
        4,
        4,
    ]
    assert [len(b) for b in Batches(endless(), Wanted(asked="s", inputs=ONE.inputs, rows=6))] == [
        4,
        2,
    ]
    few = Batches(X, Wanted(asked="s", inputs=ONE.inputs, steps=3))
    assert len(list(few)) == 1 and few.notes[0].reason == "it ended after 1 of 3 batches"


def test_an_endless_generator_is_bounded_and_told():
    def forever():
        while True:
            yield X

    data = Batches(forever(), Wanted(asked="s", inputs=ONE.inputs, bound=12))
    assert [len(batch) for batch in data] == [6, 6]
    assert data.notes[0].reason == "stopped after 12 samples: a generator may have no end"


def test_a_generator_that_is_used_up_is_told():
    used = (x for x in [X])
    list(used)
    with pytest.raises(PruneError, match="a generator is used up after one turn"):
        list(Batches(used, ONE))
