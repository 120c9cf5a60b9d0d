"""Damaged files: a clear error or an answer, never anything else."""

import pytest

import tfprune
from proofs.damage import ALL, FAST, others, sources, survive
from proofs.fuzz import ANSWERS, CHUNK, KINDS, PAGE, RUN


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("kind", [".keras", ".npz", "report.json"])
def test_other_damaged_files_are_read_or_refused(tmp_path, kind):
    said = others(tmp_path)[kind].survive(0, 40, tmp_path)
    assert set(said) == {"answered", "refused"}


def test_300_damaged_files_are_read_or_refused(whole, tmp_path):
    said = survive(whole, 0, 300, tmp_path, FAST)
    assert min(said.values()) > 30 and {what for _, what in said} == {"answered", "refused"}


def test_damaged_files_crash_an_interpreter_at_most(whole, tmp_path):
    said = survive(whole, 3, 6, tmp_path)
    assert {verb for verb, _ in said} == set(ALL) and said["benchmark", "answered"]


def test_whole_files_are_not_refused(whole):
    found = [tfprune.doctor(source.content).verdict for source in whole]
    assert found == ["safe", "dense", "safe", "dense", "dense", "dense"]


def test_the_page_counts_5000_files():
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    counts = [row[1:] for row in rows if row[0].removeprefix("| ") in ANSWERS.values()]
    numbers = [[int(n.strip(" |").replace(",", "")) for n in row] for row in counts]
    sums = [sum(column) for column in zip(*numbers, strict=True)]
    tflite, *rest = KINDS.values()
    assert sums == [CHUNK * tflite] * 2 + [RUN * tflite] * 2 + [CHUNK * n for n in rest]
    assert sum(KINDS.values()) * CHUNK == 5000
