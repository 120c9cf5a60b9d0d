from __future__ import annotations

import json

import pytest

from tfprune.errors import FileError
from tfprune.reports.record import KernelZeros, ModelRow, RunReport

ROW = ModelRow(
    label="dense",
    file="dense.tflite",
    bytes=2048,
    gzip_bytes=1024,
    p10_ms=0.9,
    median_ms=1.0,
    p90_ms=1.2,
)
RECORD = RunReport(
    title="run",
    created="2026-01-01",
    models=(ROW,),
    kernels=(KernelZeros(kernel="k", shape=(2,), params=2, zeros=1),),
)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("gzip_bytes", 0, "gzip_bytes should be above 0"),
        ("accuracy", 1e308, "accuracy should be 0 to 1"),
        ("accuracy", float("nan"), "accuracy should be 0 to 1"),
        ("median_ms", 5.0, "median_ms should lie between"),
        ("bytes", 2**70, "bytes should be a number from 0 on"),
        ("load_ms", -1.0, "load_ms should be a number from 0 on"),
    ],
)
def test_a_number_that_cannot_have_been_measured_is_named(field, value, found):
    document = RECORD.to_dict()
    document["models"][0][field] = value
    with pytest.raises(FileError, match=r"models\[0\]\." + found):
        RunReport.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ['{"schema": "\\ud800"}', "[" * 100_000])
def test_half_a_letter_and_endless_lists_are_no_report(text):
    with pytest.raises(FileError, match="it is no JSON"):
        RunReport.from_json(text)


def test_a_whole_record_is_read():
    assert RunReport.from_json(RECORD.to_json()) == RECORD
