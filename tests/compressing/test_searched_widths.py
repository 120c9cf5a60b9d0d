"""compress with prune.widths="searched": measured once, whatever the budget."""

from pathlib import Path

import pytest

from tfprune.compressing import compress, rehearse
from tfprune.reports import Comparison
from tfprune.search.cells import Cells


@pytest.fixture
def searching(quick):
    return {
        **quick,
        "prune": {**quick["prune"], "trials": 1, "widths": "searched"},
        "fine_tune": {"epochs": 0},
    }


@pytest.mark.proof  # two journeys
def test_another_budget_measures_no_cell_anew(
    trained, train, validation, searching, tmp_path, monkeypatch
):
    def run(macs):
        settings = {"recipe": searching, "out": tmp_path, "min_metric": 0.0, "report": macs == 0.4}
        return compress(trained, train, validation, budget={"macs": macs}, **settings)

    assert run(0.6).passed
    [step] = Path(tmp_path, "steps").glob("sensitivity-*")
    assert (step / "sensitivity.json").exists()
    measured = []
    monkeypatch.setattr(Cells, "measure", lambda self, cell: measured.append(cell))
    assert run(0.4).best.usage["macs"] <= 0.4
    assert measured == []
    record = Comparison.from_json((tmp_path / "report.json").read_text())
    assert {point.layer.split()[0] for point in record.sensitivity} >= {"first"}


def test_without_labels_widths_are_ranked(trained, train, searching, tmp_path):
    settings = {"recipe": searching, "out": tmp_path, "min_metric": 0.0, "report": False}
    result = compress(trained, train[0], budget={"macs": 0.6}, **settings)
    assert any("needs labels and a loss: widths are ranked" in note.reason for note in result.notes)


def test_a_dry_run_says_what_searching_costs(trained, train, validation, searching, quick):
    plan = rehearse(trained, train, validation, budget={"macs": 0.5}, recipe=searching)
    [cells] = [own for own in plan.stretches if own.what == "cell of sensitivity"]
    assert cells.times == 2 * 4 and cells.seconds > 0
    other = rehearse(trained, train, validation, budget={"macs": 0.5}, recipe=quick)
    assert "cell of sensitivity" not in [own.what for own in other.stretches]
