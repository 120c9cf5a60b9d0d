"""Cells say what the network would lose; a killed run repeats none of them."""

import keras
import numpy as np
import pytest

import tfprune
from tests.search.networks import compiled, images, nested, residual, separable
from tfprune.errors import FileError, PruneError
from tfprune.search.cells import Cells

FEW = {"ratios": [0.5], "samples": 60, "repair_samples": 30}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return compiled(residual())


@pytest.fixture(scope="module")
def found(model):
    return tfprune.sensitivity(model, images(), repair="both", **FEW)


def loss_of(model, data):
    return tfprune.evaluate(model, data, per_class=False)["loss"]


@pytest.mark.parametrize("network", [residual, nested, separable])
def test_a_sliced_cell_is_the_loss_of_the_pruned_network(network):
    model, (x, y) = compiled(network()), images(60)
    before = [v.numpy().copy() for v in model.variables]
    settings = {"samples": 40, "repair_samples": 20, "repair": False}
    found = tfprune.sensitivity(model, (x, y), ratios=[0.5], **settings)
    for cell in found.cells:  # the first 20 samples are those that are not judged
        small = tfprune.plan_structured(model, {cell.group: 0.5}).apply()
        assert cell.metrics["loss"] == pytest.approx(loss_of(small, (x[20:], y[20:])), rel=1e-4)
    assert all(np.array_equal(a, v) for a, v in zip(before, model.variables, strict=True))


def test_repair_brings_a_cell_nearer_to_the_model():
    model = compiled(residual())
    outer, kernel = (model.get_layer(name).kernel for name in ("outer", "inner"))
    outer.assign(20 * outer)
    twins = np.array(kernel)
    twins[..., 4:] = twins[..., :4]  # each unit is there twice: refitted, nothing is lost
    kernel.assign(twins)
    settings = {"keep": ["stem"], "criterion": lambda group: np.arange(group.size)[::-1]}
    found = tfprune.sensitivity(model, images(), repair="both", **settings, **FEW)
    rises = {cell.repaired: cell.metrics["loss"] - found.dense["loss"] for cell in found.cells}
    assert abs(rises[True]) < 0.1 * abs(rises[False])


def test_the_same_call_finds_the_same(model, found):
    again = tfprune.sensitivity(model, images(), repair="both", **FEW)
    assert [c.metrics for c in again.cells] == [c.metrics for c in found.cells]


def test_finished_cells_are_not_measured_again(model, tmp_path, monkeypatch):
    first = tfprune.sensitivity(model, images(), folder=tmp_path, **FEW)
    measured = []
    measure = Cells.measure

    def watched(self, cell):
        measured.append((cell["group"], cell["width"]))
        return measure(self, cell)

    monkeypatch.setattr(Cells, "measure", watched)
    assert tfprune.sensitivity(model, images(), folder=tmp_path, **FEW) == first
    assert measured == []
    tfprune.sensitivity(model, images(), folder=tmp_path, **{**FEW, "ratios": [0.25, 0.5]})
    assert measured == [("stem", 6), ("inner", 6)]


def test_a_cell_that_was_interrupted_is_measured_anew(model, tmp_path, monkeypatch):
    calls = []
    measure = Cells.measure

    def dies(self, cell):
        calls.append(cell["group"])
        if calls == ["stem", "inner"]:
            raise KeyboardInterrupt
        return measure(self, cell)

    monkeypatch.setattr(Cells, "measure", dies)
    with pytest.raises(KeyboardInterrupt):
        tfprune.sensitivity(model, images(), folder=tmp_path, **FEW)
    tfprune.sensitivity(model, images(), folder=tmp_path, **FEW)
    assert calls == ["stem", "inner", "inner"]


def test_two_calls_do_not_share_a_folder_at_a_time(model, tmp_path):
    from tfprune.runs import Run

    with Run(tmp_path).at_work(), pytest.raises(FileError, match="another process works"):
        tfprune.sensitivity(model, images(), folder=tmp_path, **FEW)


def test_two_inputs_and_two_outputs_are_judged_by_their_losses():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    x = keras.layers.Concatenate()([keras.layers.Dense(4, name="left")(a), b])
    outputs = {"p": keras.layers.Dense(1, name="p")(x), "q": keras.layers.Dense(2, name="q")(x)}
    model = keras.Model([a, b], outputs)
    random = np.random.default_rng(0)
    x = {"a": random.normal(size=(60, 4)), "b": random.normal(size=(60, 3))}
    y = {"p": random.normal(size=(60, 1)), "q": random.normal(size=(60, 2))}
    found = tfprune.sensitivity(model, (x, y), loss={"p": "mse", "q": "mae"}, **FEW)
    assert set(found.dense) >= {"loss", "p_loss", "q_loss"}
    assert [cell.group for cell in found.cells] == ["left"]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"ratios": []}, "nothing would be measured"),
        ({"ratios": [50]}, "a ratio is the share of units removed"),
        ({"repair": "maybe"}, "it is none of the three"),
        ({"repair_samples": 3}, "at least 10 are needed"),
        ({"keep": ["stem", "inner"]}, "no group of units may lose any"),
        ({"keep": ["steam"]}, "stem"),
    ],
)
def test_what_cannot_be_measured_is_said(model, settings, found):
    with pytest.raises(PruneError, match=found):
        tfprune.sensitivity(model, images(), **{**FEW, **settings})


def test_data_without_labels_is_refused(model):
    with pytest.raises(PruneError, match="the data has no targets"):
        tfprune.sensitivity(model, images()[0], **FEW)


def test_a_model_that_nobody_gave_a_loss_is_refused():
    with pytest.raises(PruneError, match="nobody says which loss it has"):
        tfprune.sensitivity(residual(), images(), metrics=["accuracy"], **FEW)
