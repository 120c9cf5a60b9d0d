"""Tickets: which weights stay, what they go back to, the controls, a killed search that goes on."""

import types

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune import PruneError, Rule, find_ticket
from tfprune.keras_facts import kernels_of
from tfprune.training.tickets.masks import MaskPlan, by_name, held

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6)).astype("float32")
Y = (X @ RNG.normal(size=(6, 3))).astype("float32")


def make_model():
    """A small network without names, and with a BatchNormalization and a Dropout."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(3, name="head"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse", run_eagerly=True)
    return model


def train(model, callbacks):
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=callbacks)
    return -model.evaluate(X, Y, batch_size=64, verbose=0)


def kernels(model):
    return {k.name.split("/")[-2]: np.asarray(k.variable) for k in kernels_of(model)}


class Watched:
    """Trains, and remembers the weights that each training began and ended with."""

    def __init__(self):
        self.began, self.ended = [], []

    def __call__(self, model, callbacks):
        self.began.append(list(kernels(model).values()))
        value = train(model, callbacks)
        self.ended.append(list(kernels(model).values()))
        return value


@pytest.fixture(scope="module")
def found():
    watched = Watched()
    ticket = find_ticket(make_model, watched, sparsity=0.75, rounds=2, controls="all", seed=3)
    return types.SimpleNamespace(ticket=ticket, began=watched.began, ended=watched.ended)


DENSE, FIRST, NEW_1, CHANCE_1, SECOND, NEW_2, CHANCE_2 = range(7)


def test_each_round_removes_the_same_share_of_what_is_left(found):
    assert [row.sparsity for row in found.ticket.rounds] == [0, 0.5, 0.75]
    zeros = [[(k == 0).mean() for k in found.began[i]] for i in (FIRST, SECOND)]
    assert zeros == [[0.5, 0.5], [0.75, 0.75]]


def test_the_largest_trained_weights_go_back_to_their_initial_values(found):
    for i in range(2):
        initial, trained = found.began[DENSE][i], abs(found.ended[DENSE][i])
        kept = trained > np.sort(trained.ravel())[trained.size // 2 - 1]
        np.testing.assert_array_equal(found.began[FIRST][i], np.where(kept, initial, 0))
        again = abs(found.ended[FIRST][i])
        kept = again > np.sort(again.ravel())[again.size * 3 // 4 - 1]
        np.testing.assert_array_equal(found.began[SECOND][i], np.where(kept, initial, 0))


def test_zeros_stay_zero_while_a_ticket_trains(found):
    for began, ended in zip(found.began[FIRST:], found.ended[FIRST:], strict=True):
        for before, after in zip(began, ended, strict=True):
            np.testing.assert_array_equal(after == 0, before == 0)
            assert (after != before).any()


def test_the_controls_differ_from_the_ticket_in_one_thing_each(found):
    for i in range(2):
        ticket, new, chance = (found.began[n][i] for n in (SECOND, NEW_2, CHANCE_2))
        np.testing.assert_array_equal(ticket == 0, new == 0)
        assert not (ticket[ticket != 0] == new[ticket != 0]).any()
        assert (chance == 0).sum() == (ticket == 0).sum()
        assert ((chance == 0) != (ticket == 0)).any()
        initial = found.began[DENSE][i]
        np.testing.assert_array_equal(chance[chance != 0], initial[chance != 0])


def test_the_result_holds_the_ticket_and_what_became_of_it(found):
    ticket = found.ticket
    assert list(ticket.masks) == [k.name for k in kernels_of(ticket.model)]
    for i, kernel in enumerate(kernels_of(ticket.model)):
        np.testing.assert_array_equal(kernel.variable, found.began[SECOND][i])
        np.testing.assert_array_equal(ticket.masks[kernel.name], found.began[SECOND][i] != 0)
    for i, kernel in enumerate(kernels_of(ticket.trained)):
        np.testing.assert_array_equal(kernel.variable, found.ended[SECOND][i])
    assert "new weights" in str(ticket) and len(ticket.to_dict()["rounds"]) == 3
    again = ticket.to_train()
    train(again, [tfprune.UpdatePruningStep()])
    zeros = {name: (k == 0).mean() for name, k in kernels(tfprune.strip_pruning(again)).items()}
    assert set(zeros.values()) == {0.75}


def test_the_same_seed_finds_the_same(found):
    again = find_ticket(make_model, train, sparsity=0.5, rounds=1, controls="none", seed=3)
    assert [r.value for r in again.rounds] == [r.value for r in found.ticket.rounds[:2]]
    other = find_ticket(make_model, train, sparsity=0.5, rounds=1, controls="none", seed=4)
    assert other.rounds[0].value != again.rounds[0].value


def test_weights_go_back_to_a_later_batch_with_all_that_is_not_pruned():
    seen = {}

    def watched(model, callbacks):
        if not seen:
            keep = keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: seen.setdefault(
                    int(model.optimizer.iterations), [np.array(v) for v in model.variables]
                )
            )
            return train(model, [*callbacks, keep])
        return train(model, callbacks)

    ticket = find_ticket(make_model, watched, sparsity=0.5, rounds=1, rewind_to=3, controls="none")
    masks = list(ticket.masks.values())
    for early, variable in zip(seen[3], ticket.model.variables, strict=True):
        mask = masks.pop(0) if variable.name == "kernel" else True
        np.testing.assert_array_equal(variable, early * mask if mask is not True else early)


def test_a_killed_search_repeats_no_finished_training(tmp_path):
    calls = []

    def counted(model, callbacks):
        calls.append(model)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(model, callbacks)

    def search():
        return find_ticket(make_model, counted, sparsity=0.75, rounds=1, folder=tmp_path / "run")

    with pytest.raises(KeyboardInterrupt):
        search()
    ticket = search()
    assert len(calls) == 5  # dense; killed in the ticket; the ticket and its two controls
    whole = find_ticket(make_model, train, sparsity=0.75, rounds=1)
    assert ticket.to_dict() == whole.to_dict()
    assert search().to_dict() == whole.to_dict() and len(calls) == 5
    for one, other in zip(ticket.trained.variables, whole.trained.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_kernels_may_stay_whole_or_have_blocks():
    rules = {
        "head": None,
        layers.Dense: Rule(tfprune.ConstantSparsity(0.5, 0), tfprune.Block((1, 2))),
    }
    ticket = find_ticket(make_model, train, rounds=1, rules=rules, controls="none")
    [mask] = ticket.masks.values()
    assert (mask[:, ::2] == mask[:, 1::2]).all() and mask.mean() == 0.5
    assert [str(note) for note in ticket.notes] == ["head/kernel: rules say so: 'head' is None"]


def test_nested_shared_and_half_precision_kernels_are_held():
    keras.config.set_dtype_policy("mixed_float16")
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="twice")], name="inner")
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(3, name="head")(inner(inner(inputs))))
    model.compile("sgd", "mse", run_eagerly=True)
    masks = {n: np.arange(k.size).reshape(k.shape) % 2 == 0 for n, k in by_name(model).items()}
    wrapped = held(model, MaskPlan.of_masks(masks), masks)
    wrapped.fit(X, Y, batch_size=32, verbose=0)
    for name, kernel in by_name(wrapped).items():
        np.testing.assert_array_equal(np.asarray(kernel.variable) != 0, masks[name])


def same_weights():
    model = make_model()
    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, 0.1))
    return model


def test_a_network_that_is_always_the_same_is_told():
    ticket = find_ticket(same_weights, train, sparsity=0.5, rounds=1)
    assert "makes the same weights for every seed" in str(ticket.notes[-1])


class Subclassed(keras.Model):
    pass


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"sparsity": 1.0}, "a share of zeros between 0 and 1"),
        ({"rounds": 0}, "a whole number, 1 or more"),
        ({"rounds": True}, "a whole number, 1 or more"),
        ({"rewind_to": -1}, "a whole number, 0 or more"),
        ({"controls": "some"}, "use one of none, last, all"),
        ({"make_model": Subclassed}, "Subclassed, which is no Functional or built Sequential"),
        ({"train": lambda model, callbacks: None}, "train returned None, no number"),
        ({"train": lambda model, callbacks: float("nan")}, "train returned nan, no number"),
        ({"train": lambda model, callbacks: "0.9"}, "train returned a str, no number"),
        ({"rewind_to": 99}, "train took 4 batches"),
        ({"rewind_to": 1, "train": lambda model, callbacks: 1.0}, "told the callbacks of no batch"),
        ({"rules": {"haed": None}}, "head"),
        ({"rules": {"head": Rule(pattern=tfprune.NM(2, 4))}}, "head"),
        ({"rules": {keras.layers.Dense: None}}, "no kernel would be pruned"),
        ({"rules": {"head": Rule(score="random")}}, "tickets are found by magnitude"),
    ],
)
def test_what_cannot_be_done_is_told(changed, found):
    asked = {"make_model": make_model, "train": train, **changed}
    with pytest.raises(PruneError, match=found):
        find_ticket(asked.pop("make_model"), asked.pop("train"), **asked)
