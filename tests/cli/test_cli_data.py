"""Every form of data on disk, and layers of one's own, as the command line takes them."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

X, Y = np.eye(4, dtype="float32"), np.arange(4)
MODULE = """
import numpy as np
def batches():
    for row in np.eye(4):
        yield row[None], np.zeros(1)
"""
LAYERS = """
import keras
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""


@pytest.fixture
def data(files, monkeypatch):
    np.savez(files / "pairs.npz", x=X, y=Y)
    np.savez(files / "named.npz", x=X, head=Y)
    np.savez(files / "listed.npz", X)
    rows = [",".join(map(str, [*x, y])) for x, y in zip(X, Y, strict=True)]
    (files / "table.csv").write_text("\n".join(["a,b,c,d,y", *rows]))
    tf.data.Dataset.from_tensor_slices((X, Y)).save(str(files / "saved"))
    (files / "my_data.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", list(sys.path))


FORMS = [
    "inputs.npy",
    "pairs.npz",
    "named.npz",
    "listed.npz",
    "table.csv",
    "saved",
    "my_data:batches",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_on_disk_is_data(run_json, data, form):
    code, document, _ = run_json("verify", "model.keras", "model.tflite", "--inputs", form)
    assert code == 0 and document["checks"][0]["detail"].startswith("4 given samples")


def test_an_ordinary_array_is_timed(run, data):
    words = ["--runs", "1", "--rounds", "1", "--warmup", "0", "--inputs", "pairs.npz"]
    assert run("benchmark", "model.tflite", *words)[0] == 0


def test_layers_of_ones_own_are_known_once_they_are_imported(run, files):
    (files / "my_layers.py").write_text(LAYERS)
    space: dict = {"__name__": "elsewhere"}
    exec(LAYERS, space)
    keras.Sequential([keras.Input((4,)), space["Twice"]()]).save(files / "own.keras")
    known = keras.saving.get_custom_objects()
    before = dict(known)
    try:
        code, _, err = run("inspect", "own.keras")
        assert code == 1 and "--import my_layers.py" in err
        assert run("inspect", "own.keras", "--import", "my_layers.py")[0] == 0
    finally:
        known.clear()
        known.update(before)
