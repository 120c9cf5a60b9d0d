"""From a saved model to a smaller one by measured widths, on the command line."""

import json

import keras
import numpy as np
import pytest

from tests.search.networks import compiled, images, separable
from tfprune.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("search")
    keras.utils.set_random_seed(0)
    compiled(separable()).save(place / "model.keras")
    x, y = images()
    np.savez(place / "data.npz", x=x, y=y)
    return place


def test_widths_are_measured_and_chosen(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    words = ["--data", "data.npz", "--ratios", "0.5", "--samples", "60", "--repair-samples", "30"]
    assert main(["sensitivity", "model.keras", *words, "-o", "cells.json", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [cell["group"] for cell in document["cells"]] == ["expand", "project"]
    settings = ["--target", "macs", "--sensitivity", "cells.json", "--ratio", "0.3"]
    assert main(["prune", "model.keras", *settings, "-o", "small.keras"]) == 0
    assert "alone" in capfd.readouterr().out
    small = keras.models.load_model("small.keras")
    assert small.get_layer("expand").filters + small.get_layer("project").filters < 24


def test_a_latency_table_without_its_target_is_refused_in_the_words_of_the_command(
    folder, monkeypatch, capfd
):
    monkeypatch.chdir(folder)
    assert main(["latency-table", "model.keras", "--round-to", "8", "-o", "host.json"]) == 0
    assert "depthwise" in capfd.readouterr().out
    assert main(["prune", "model.keras", "--latency", "host.json"]) == 1
    assert "--target latency" in capfd.readouterr().err
    table = json.loads((folder / "host.json").read_text())
    for op in table["ops"]:  # what a clock says on a busy machine may leave nothing to win
        op["times"] = [[float(r * w) for w in op["writes"]] for r in op["reads"]]
    (folder / "host.json").write_text(json.dumps({**table, "fixed": 0.0, "factor": 1.0}))
    words = ["--target", "latency", "--latency", "host.json", "--ratio", "0.3"]
    assert main(["prune", "model.keras", *words]) == 0
