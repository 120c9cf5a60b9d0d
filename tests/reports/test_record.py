from __future__ import annotations

import dataclasses
import json

import pytest

from tfprune.errors import FileError
from tfprune.reports import ModelRow, RunReport


def test_a_record_survives_json(record):
    assert RunReport.from_json(record.to_json()) == record


def test_a_record_is_read_from_its_folder_and_from_its_file(record, tmp_path):
    record.save(tmp_path / "report.json")
    assert RunReport.load(tmp_path) == RunReport.load(tmp_path / "report.json") == record


def test_the_file_names_its_schema(record):
    assert json.loads(record.to_json())["schema"] == "tfprune.report/1"


def test_optional_fields_may_be_missing_and_unknown_ones_are_ignored():
    row = {"label": "a", "file": "a.tflite", "bytes": 2, "gzip_bytes": 1, "colour": "red"}
    text = json.dumps(
        {"schema": "tfprune.report/1", "title": "t", "created": "now", "models": [row]}
    )
    assert RunReport.from_json(text).models == (
        ModelRow(label="a", file="a.tflite", bytes=2, gzip_bytes=1),
    )


def change(record, **values):
    return json.dumps(record.to_dict() | values)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"schema": "tfprune.report/9"}, "its schema is 'tfprune.report/9'"),
        ({"title": 3}, "title should be str, not int"),
        ({"models": [{"label": "a"}]}, r"models\[0\].file is missing"),
        ({"models": {}}, "models should be tuple, not dict"),
        ({"notes": ["x"]}, r"notes\[0\] should be an object, not str"),
        ({"samples": "many"}, "samples should be int, not str"),
    ],
)
def test_a_wrong_field_is_named(record, values, found):
    with pytest.raises(FileError, match=found):
        RunReport.from_json(change(record, **values))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\x00"])
def test_what_is_no_report_is_a_file_error(text):
    with pytest.raises(FileError, match=r"report\.json"):
        RunReport.from_json(text)


def test_a_missing_report_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        RunReport.load(tmp_path)


def test_an_integer_where_a_float_belongs_is_read_as_one(record):
    text = json.dumps(record.to_dict())
    text = text.replace('"median_ms": 2.0', '"median_ms": 2')
    found = RunReport.from_json(text).models[0]
    assert dataclasses.asdict(found)["median_ms"] == 2.0
    assert type(found.median_ms) is float
