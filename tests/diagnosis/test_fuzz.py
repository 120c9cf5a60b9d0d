"""Damaged files: a clear error or an answer, never anything else."""

import pytest

import tfprune
from proofs.damage import ALL, FAST, sources, survive
from proofs.fuzz import ANSWERS, FILES, PAGE


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("fuzz"))


def test_300_damaged_files_are_read_or_refused(whole, tmp_path):
    said = survive(whole, 0, 300, tmp_path, FAST)
    assert min(said.values()) > 30 and {what for _, what in said} == {"answered", "refused"}


def test_damaged_files_crash_an_interpreter_at_most(whole, tmp_path):
    said = survive(whole, 3, 6, tmp_path)
    assert {verb for verb, _ in said} == set(ALL) and said["benchmark", "answered"]


def test_whole_files_are_not_refused(whole):
    found = [tfprune.doctor(source.content).verdict for source in whole]
    assert found == ["safe", "dense", "safe", "dense", "dense", "dense"]


def test_the_page_counts_2000_files_through_every_verb():
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines()]
    counts = [row[1:] for row in rows if row[0].removeprefix("| ") in ANSWERS.values()]
    numbers = [[int(n.strip(" |").replace(",", "")) for n in row] for row in counts]
    assert [sum(column) for column in zip(*numbers, strict=True)] == [FILES] * len(ALL)
