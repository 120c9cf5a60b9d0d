"""What was measured, as data: curves are monotone, tables predict, both come back from a file."""

import dataclasses

import pytest

from tfprune.curves import LatencyTable, OpTimes, Sensitivity, SensitivityCell, WholeFile
from tfprune.errors import FileError, PruneError


def cell(width, loss, repaired=True, group="conv"):
    return SensitivityCell(
        group=group,
        ratio=1 - width / 8,
        width=width,
        units=8,
        repaired=repaired,
        metrics={"loss": loss, "accuracy": 0.5},
        seconds=0.1,
    )


def sensitivity(*cells):
    return Sensitivity(
        subject="net",
        metric="accuracy",
        dense={"loss": 1.0, "accuracy": 0.9},
        cells=cells,
        order={"conv": tuple(range(8))},
        criterion="l2",
        samples=100,
        repair_samples=20,
    )


def table(**settings):
    ops = (OpTimes(op="conv", reads=(3,), writes=(4, 8), times=((1.0, 2.0),)),)
    about = {"subject": "net", "target": "host", "device": "a CPU", "unit": "ms", "ops": ops}
    about |= {"precision": "float32", "threads": 1, "round_to": 4, "files": 2}
    return LatencyTable(**{**about, **settings})


def test_a_lucky_measurement_is_raised_to_that_of_the_wider_network():
    found = sensitivity(cell(2, 1.3), cell(6, 1.5), cell(4, 0.8))
    assert found.curve("conv") == [(8, 0.0), (6, 0.5), (4, 0.5), (2, 0.5)]


def test_a_loss_below_that_of_the_dense_model_is_no_gain():
    assert sensitivity(cell(4, 0.2)).rise("conv", 4) == 0.0


def test_a_loss_that_is_no_number_is_the_worst():
    assert sensitivity(cell(4, float("nan"))).rise("conv", 4) == float("inf")


def test_curves_are_those_of_repaired_networks_where_there_are_any():
    both = sensitivity(cell(4, 2.0, repaired=False), cell(4, 1.5))
    assert (both.rise("conv", 4), both.rise("conv", 4, repaired=False)) == (0.5, 1.0)


def test_a_group_that_was_not_measured_is_told_with_the_nearest():
    with pytest.raises(PruneError, match="near is conv"):
        sensitivity(cell(4, 2.0)).curve("conf")


def test_a_table_of_sensitivities():
    words = [line.split() for line in str(sensitivity(cell(4, 1.5))).splitlines()]
    assert ["group", "units", "50", "%", "accuracy", "at", "0.5"] in words
    assert ["conv", "8", "0.5000", "0.5"] in words


def test_one_whole_file_corrects_the_factor_and_two_the_rest():
    dense = WholeFile(name="dense", ops=2.0, measured=5.0)
    once = table().corrected([dense])
    assert (once.fixed, once.factor) == (0.0, 2.5)
    twice = once.corrected([WholeFile(name="half", ops=1.0, measured=3.0)])
    assert [round(n, 6) for n in (twice.fixed, twice.factor)] == [1.0, 2.0]
    assert [one.name for one in twice.whole] == ["dense", "half"]


def test_a_fit_by_which_wider_would_be_faster_is_left_out():
    noisy = [WholeFile(name=n, ops=o, measured=m) for n, o, m in (("a", 2.0, 3.0), ("b", 1.0, 4.0))]
    assert table().corrected(noisy).fixed == 0.0


@pytest.mark.parametrize("record", [sensitivity(cell(4, 1.5)), table()], ids=["cells", "ops"])
def test_it_comes_back_from_its_file(record, tmp_path):
    record.save(tmp_path / "record.json")
    assert type(record).read(tmp_path / "record.json") == record


def test_a_file_of_something_else_is_refused(tmp_path):
    sensitivity(cell(4, 1.5)).save(tmp_path / "cells.json")
    with pytest.raises(FileError, match=r"give a file that LatencyTable\.save wrote"):
        LatencyTable.read(tmp_path / "cells.json")


def test_everything_in_a_record_can_be_written_as_json():
    assert sensitivity(cell(4, 1.5)).to_dict()["cells"][0]["metrics"]["loss"] == 1.5
    assert dataclasses.asdict(table()) == table().to_dict()
