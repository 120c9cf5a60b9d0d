from __future__ import annotations

import builtins
import dataclasses
import re
from html.parser import HTMLParser

import pytest

from tfprune.errors import FileError, MissingExtra
from tfprune.notes import Note
from tfprune.reports import KernelZeros, RunReport, pictures, report
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
        kernels=(
            KernelZeros(
                kernel=HOSTILE,
                shape=(2,),
                params=2,
                zeros=1,
                planned=None,
                reason=HOSTILE,
                in_files={HOSTILE: 1},
            ),
        ),
        epochs=tuple(dataclasses.replace(e, phase=HOSTILE) for e in shared_record.epochs),
        host={HOSTILE: HOSTILE},
        notes=(Note(HOSTILE, HOSTILE),),
        version=HOSTILE,
    )
    tags = Tags(render(record))
    assert "script" not in tags.tags
    assert sum(HOSTILE in text for text in tags.text) >= 10


def test_a_record_without_measurements_is_still_a_page(shared_record):
    bare = RunReport(title="bare", created="now", models=shared_record.models[:1])
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


def test_every_picture_has_a_role_a_title_and_its_numbers_in_words(page):
    pictures = re.findall(r"<svg(.*?)>(.*?)</svg>", page, re.DOTALL)
    assert len(pictures) == 5
    for attributes, inside in pictures:
        assert 'role="img"' in attributes
        [names] = re.findall(r'aria-labelledby="([^"]*)"', attributes)
        title, description = (f'id="{name}">' for name in names.split())
        assert f"<title {title}" in inside and f"<desc {description}" in inside
    assert "dense: 97.0 %; pruned: 96.5 %" in page


def test_every_table_has_a_caption_and_every_heading_a_scope(page):
    tags = Tags(page).tags
    assert tags.count("caption") == tags.count("table") == 3
    assert len(re.findall(r"<th[ >]", page)) == len(re.findall(r'<th scope="(?:row|col)"', page))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_everything_drawn_or_written_has_a_contrast_of_at_least_3(page):
    """WCAG 2.2, 1.4.11; light, dark and paper."""
    themes = re.findall(r"(--page: .*?--bad: [^;]*;)", page, re.DOTALL)
    assert len(themes) == 3
    for theme in themes:
        colours = dict(re.findall(r"--(\w+): (#\w{6}|#\w{3});", theme))
        colours = {
            k: "#" + "".join(2 * c for c in v[1:]) if len(v) == 4 else v for k, v in colours.items()
        }
        for name in ("ink", "muted", "first", "second", "third", "good", "bad"):
            for ground in ("card", "page"):
                low, high = sorted(luminance(colours[x]) for x in (name, ground))
                assert (high + 0.05) / (low + 0.05) >= 3, (name, ground)


def test_long_names_leave_room_for_their_bars_and_stay_in_their_cards(shared_record):
    name = "a_long_name_without_spaces" * 6
    rows = tuple(dataclasses.replace(m, label=name + m.label) for m in shared_record.models)
    page = render(dataclasses.replace(shared_record, models=rows))
    drawn = [text for text in re.findall(r">([^<>]*)</text>", page) if "a_long" in text]
    assert drawn and all(len(text.strip()) <= 25 for text in drawn)
    assert re.search(r"tbody th {[^}]*overflow-wrap: anywhere", page)


def test_long_lists_of_kernels_fold(shared_record):
    kernels = tuple(
        KernelZeros(kernel=f"k{i}", shape=(i + 1,), params=i + 1, zeros=0) for i in range(60)
    )
    page = render(dataclasses.replace(shared_record, kernels=kernels))
    assert "<details>\n<summary>60 kernels" in page
    assert "The 24 largest of 60." in page and "<details open>\n<summary>1 kernels" not in page


def test_accuracies_that_differ_by_a_point_are_drawn_apart(shared_record):
    """The axis reaches over what was seen, not from 0 to 100."""
    svg = pictures.accuracies(shared_record.models, None)
    places = [
        float(x) for x in re.findall(r'<use [^>]*x="([0-9.]+)"[^>]*fill: var\(--first\)', svg)
    ]
    assert max(places) - min(places) > 50
