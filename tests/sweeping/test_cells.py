"""Cells of sensitivity are trials like any other: each share a worker of its own."""

import keras
import pytest

import tfprune
from tests.search.networks import compiled, images, residual

SETTINGS = {"samples": 60, "repair_samples": 30}


def cells(ratio, path):
    """The loss of each group without this share of its units."""
    model = keras.saving.load_model(path)
    found = tfprune.sensitivity(model, images(), ratios=[ratio], **SETTINGS)
    return {cell.group: cell.metrics["loss"] for cell in found.cells}


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_cells_of_a_sweep_are_those_of_one_call(tmp_path, jobs):
    keras.utils.set_random_seed(0)
    model, path = compiled(residual()), str(tmp_path / "model.keras")
    model.save(path)
    over = {"ratio": [0.25, 0.5], "path": [path]}
    swept = tfprune.sweep(cells, over, out=tmp_path, jobs=jobs)
    whole = tfprune.sensitivity(model, images(), ratios=[0.25, 0.5], **SETTINGS)
    for row in swept.rows:
        losses = {c.group: c.metrics["loss"] for c in whole.cells if c.ratio == row.values["ratio"]}
        assert row.record == pytest.approx(losses, rel=1e-6)
