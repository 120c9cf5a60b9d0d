"""A .keras file is read; it runs nothing, and takes no more memory than it is worth."""

from __future__ import annotations

import json
import os
import time
import zipfile

import h5py
import keras
import pytest

from tfprune.errors import FileError
from tfprune.keras_files import load_model, save_model


@pytest.fixture
def path(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="head")]).save(
        tmp_path / "model.keras"
    )
    return tmp_path / "model.keras"


def change(path, old, new):
    """Replace a text in the config of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in members["config.json"]
    members["config.json"] = members["config.json"].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_module_that_the_file_names_is_not_run(path, monkeypatch):
    """`tfprune.__main__` would run the command line on this process's arguments, and exit."""
    monkeypatch.setattr("sys.argv", ["tfprune", "--version"])
    change(path, '"module": "keras.layers"', '"module": "tfprune.__main__"')
    with pytest.raises(FileError, match="Keras cannot read it"):
        load_model(path)


def test_a_class_that_ends_the_process_is_an_error(path):
    @keras.saving.register_keras_serializable("ends")
    class Ends(keras.layers.Layer):
        @classmethod
        def from_config(cls, config):
            raise SystemExit(0)

    keras.Sequential([keras.Input((2,)), Ends()]).save(path)
    with pytest.raises(FileError, match="Keras cannot read it: 0"):
        load_model(path)


def test_a_lambda_is_refused_with_what_it_would_do(path):
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x)]).save(path)
    with pytest.raises(FileError, match=r"Python code \(a Lambda\) that would run here; only if"):
        load_model(path)


def test_a_layer_that_would_fill_the_memory_is_never_made(path):
    change(path, '"units": 3', f'"units": {2**32}')
    with pytest.raises(FileError, match="claim to hold 51,539,607,552"):
        load_model(path)


def test_weights_that_claim_more_than_they_store_are_never_read(tmp_path):
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.create_dataset("kernel", (2**20, 2**10), "float32")
    with pytest.raises(FileError, match="claim to hold 4,294,967,296"):
        load_model(tmp_path / "model.h5")


def test_a_zip_bomb_is_never_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps({"a": "b" * 2**29}))
    with pytest.raises(FileError, match="claim to hold"):
        load_model(tmp_path / "model.keras")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.keras")
    with pytest.raises(FileError, match="it is a pipe"):
        load_model(tmp_path / "model.keras")


def test_a_clock_before_1980_is_named_for_a_zip_file_cannot_hold_it(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    monkeypatch.setattr(time, "localtime", lambda: time.gmtime(0))
    with pytest.raises(FileError, match=r"clock says 1970[\s\S]*set the clock"):
        save_model(model, tmp_path / "model.keras")
