from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from tfprune import convert
from tfprune.cli import main


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder with a tiny model as model.keras and model.tflite, other weights, and inputs."""
    folder = tmp_path_factory.mktemp("cli")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
    model.save(folder / "model.keras")
    convert(model, folder / "model.tflite")
    model.layers[0].kernel.assign(-2 * model.layers[0].kernel)
    model.save(folder / "other.keras")
    np.save(folder / "inputs.npy", np.eye(4, dtype="float32"))
    np.save(folder / "nan.npy", np.where(np.eye(4), 1, np.nan))
    return folder


@pytest.fixture
def run(files, monkeypatch, capfd):
    """`run(*words)` is (exit code, standard output, standard error), in the folder of files."""
    monkeypatch.chdir(files)

    def run(*words):
        code = main([str(word) for word in words])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def run_json(run):
    """The same with the JSON document that standard output held and nothing else."""

    def run_json(*words):
        code, out, err = run(*words, "--json")
        return code, json.loads(out), err

    return run_json
