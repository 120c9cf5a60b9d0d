"""Rows survive an interruption and make the page in docs."""

import dataclasses
import json

import pytest

from proofs.resnet_table import Row, write_table
from proofs.rows import read_rows
from tfprune.errors import FileError


def row(criterion, recalibrated, target=2.0, **more):
    return Row("resnet20", "local", criterion, target, recalibrated=recalibrated, **more)


def lines(*rows):
    return "".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows)


def test_a_line_cut_short_by_an_interruption_is_dropped(tmp_path):
    rows, path = [row("l1", 0.5), row("l2", 0.6)], tmp_path / "a.jsonl"
    path.write_text(lines(*rows) + '{"network": "res')
    assert read_rows(path, Row) == rows
    assert path.read_text() == lines(*rows)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(FileError, match="start anew with --fresh"):
        read_rows(tmp_path / "a.jsonl", Row)


def test_the_page_has_a_line_for_each_criterion_and_says_what_beats_the_baselines(tmp_path):
    rows = [
        Row("resnet20", "-", "dense", 1.0, macs=4_000, parameters=1_000, pruned=0.9),
        row("random", 0.40),
        row("random", 0.50, seed=1, fine_tuned=0.7),
        row("l1", 0.60, pruned=0.2, fine_tuned=0.75),
        row("taylor", 0.70, parameters=600, fine_tuned=0.74),
        row("fpgm", 0.55),
    ]
    write_table(rows, tmp_path / "a.md")
    page = (tmp_path / "a.md").read_text().splitlines()
    assert "mean of 2 seeds (of one, where it was trained)." in page
    assert "| local ranking | 2x |" in page
    assert "| random | - → 45.0 → 70.0 |" in page
    assert "| l1 | 20.0 → 60.0 → 75.0 |" in page
    assert "- 2x, recalibrated: better than random and l1: taylor (of 2)." in page
    assert "- 2x, trained: better than random and l1: none (of 1)." in page
    assert "- 2x, parameters left: random 0, l1 0, taylor 600, fpgm 0." in page
