from __future__ import annotations

import builtins
import dataclasses
import re
from html.parser import HTMLParser

import pytest

from tfprune.errors import FileError, MissingExtra
from tfprune.notes import Note
from tfprune.reports import KernelZeros, RunReport, report
from tfprune.reports.html import render

HOSTILE = "<script>alert(1)</script> & \"$x$\" 'y'"


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(shared_record):
    return render(shared_record)


def test_the_page_references_nothing_outside_itself(page):
    assert re.findall(r"https?:|//|@import|<link|<script|<img", page) == []
    references = [v for k, v in Tags(page).attributes if k in ("src", "href", "xlink:href")]
    assert all(value.startswith("#") for value in references)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))


def test_no_two_pictures_share_an_id(page):
    ids = [value for name, value in Tags(page).attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 0


def test_it_shows_every_picture_and_number(page):
    tags = Tags(page)
    assert tags.tags.count("svg") == 5
    for wanted in ("dense", "97.0 %", "4,000", "1,000", "2.00x", "runs dense here", "80 of 100"):
        assert any(wanted in text for text in tags.text), wanted


def test_every_string_of_the_record_is_escaped(shared_record):
    record = dataclasses.replace(
        shared_record,
        title=HOSTILE,
        models=tuple(
            dataclasses.replace(m, label=HOSTILE + m.label, notes=(HOSTILE,))
            for m in shared_record.models
        ),
        kernels=(KernelZeros(HOSTILE, (2,), 2, 1, None, HOSTILE, {HOSTILE: 1}),),
        epochs=tuple(dataclasses.replace(e, phase=HOSTILE) for e in shared_record.epochs),
        host={HOSTILE: HOSTILE},
        notes=(Note(HOSTILE, HOSTILE),),
        version=HOSTILE,
    )
    tags = Tags(render(record))
    assert "script" not in tags.tags
    assert sum(HOSTILE in text for text in tags.text) >= 10


def test_a_record_without_measurements_is_still_a_page(shared_record):
    bare = RunReport("bare", "now", shared_record.models[:1])
    assert "bare" in render(bare)


def test_colours_follow_the_page(page):
    assert "#01020" not in page
    assert "var(--first)" in page


def test_the_page_is_made_again_from_its_folder(record, tmp_path):
    record.save(tmp_path / "report.json")
    assert report(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text("utf-8") == render(record)


def test_a_page_that_cannot_be_written_leaves_nothing(record, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        report(record, tmp_path / "missing" / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_named_with_its_command(record, monkeypatch, package):
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=rf"{package}.*\n.*tfprune\[report\]"):
        render(record)
