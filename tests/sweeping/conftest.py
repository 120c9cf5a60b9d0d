"""A trained model and data as files, and a recipe of them that takes seconds."""

import os

import numpy as np
import pytest

from tests.compressing.conftest import corners, train, trained  # noqa: F401
from tfprune.recipes import read_recipe


@pytest.fixture(scope="package")
def there(trained, train, tmp_path_factory):  # noqa: F811
    """The folder with model.keras, train.npz, val.npz and recipe.yaml."""
    folder = tmp_path_factory.mktemp("sweep")
    trained.save(folder / "model.keras")
    for name, (x, y) in {"train": train, "val": corners(400, 1)}.items():
        np.savez(folder / f"{name}.npz", x=x, y=y)
    (folder / "recipe.yaml").write_text(
        "model: model.keras\ndata: train.npz\nvalidation: val.npz\nfloor: {max_drop: 1.0}\n"
        "prune: {steps: 1, trials: 1, samples: 64}\nfine_tune: {epochs: 1, start: repaired}\n"
        "quantize: {precisions: [float32]}\n"
    )
    return folder


@pytest.fixture
def recipe(there, monkeypatch):
    """The recipe, its user standing in its folder."""
    monkeypatch.chdir(there)
    return read_recipe(os.fspath(there / "recipe.yaml"))
