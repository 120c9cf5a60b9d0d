"""A comparison: its record, its page, and the page in a real browser."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest

from tests.reports.browser import needs_chromium, screenshot, seen
from tests.reports.test_html import HOSTILE, Tags
from tfprune.errors import FileError
from tfprune.evaluation import ClassRow
from tfprune.notes import Note
from tfprune.reports import (
    Comparison,
    EnergyEstimate,
    PredictedLatency,
    ReportedLayer,
    ReportedModel,
    SensitivityPoint,
    Trial,
    report,
)
from tfprune.reports.comparison_page import energy_share
from tfprune.reports.comparison_pictures import front
from tfprune.reports.html import render
from tfprune.reports.losing import class_losses

BAD = f"<img src=x onerror='window.hacked=1'>{HOSTILE}"


def model(label, right, size, ms, width=8):
    rows = tuple(
        ClassRow(label=name, samples=100, right=own, predicted=100)
        for name, own in (("cat", right), ("dog", 90))
    )
    layers = (ReportedLayer(name="stem", kind="Conv2D", width=width, params=width, macs=9 * width),)
    energy = EnergyEstimate(arithmetic_uj=size / 100, memory_uj=1.0, process="45 nm", source="H")
    return ReportedModel(
        label=label,
        file=f"{label}.tflite",
        metrics={"loss": 0.5, "accuracy": (right + 90) / 200},
        samples=200,
        per_class=rows,
        params=size,
        macs=9 * width,
        sparsity=0.5,
        bytes=size,
        gzip_bytes=size // 2,
        median_ms=ms,
        p10_ms=ms,
        p90_ms=ms,
        ratio=2.0 / ms,
        verdict="dense",
        reason="stored dense",
        energy=(energy,),
        layers=layers,
        ops=(ReportedLayer(name="Convolution", median_us=7.0),),
        notes=("said of it",),
    )


@pytest.fixture(scope="module")
def record():
    return Comparison(
        title="mine",
        created="2026-01-01T00:00:00+00:00",
        models=(model("dense", 90, 4000, 2.0), model("small", 60, 1000, 1.0, width=4)),
        metric="accuracy",
        trials=(
            Trial(label="half", metric=0.7, median_ms=1.5, bytes=2000, kept=True, reason="best"),
            Trial(label="never measured"),
        ),
        sensitivity=tuple(
            SensitivityPoint(layer="stem", ratio=r, metric=m) for r, m in ((0.2, 0.8), (0.5, 0.6))
        ),
        latency=(
            PredictedLatency(label="dense", predicted=2.0, measured=2.0, unit="ms", fitted=True),
            PredictedLatency(label="small", predicted=0.9, measured=1.0, unit="ms"),
        ),
        host={"cpu": "one"},
        notes=(Note("stem", "left alone"),),
    )


@pytest.fixture(scope="module")
def hostile(record):
    name = BAD + "a_long_name_without_spaces" * 6
    row = dataclasses.replace(record.models[1].per_class[0], label=name)
    models = tuple(
        dataclasses.replace(m, label=f"{name} {i}", notes=(name,), reason=name, verdict=name)
        for i, m in enumerate(record.models)
    )
    first = dataclasses.replace(models[0], per_class=(dataclasses.replace(row, right=90),))
    second = dataclasses.replace(models[1], per_class=(row,))
    trials = (Trial(label=name, metric=0.7, median_ms=1.5, bytes=2000, reason=name),)
    said = PredictedLatency(label=name, predicted=0.9, measured=1.0, unit=name)
    facts = {"latency": (said,), "title": name, "host": {name: name}, "notes": (Note(name, name),)}
    return dataclasses.replace(record, models=(first, second), trials=trials, **facts)


def test_a_comparison_survives_json_and_its_folder(record, tmp_path):
    assert Comparison.from_json(record.to_json()) == record
    record.save(tmp_path / "report.json")
    assert report(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text("utf-8") == render(record)


WRONG = {
    "two of a label": (lambda r: {"models": (r.models[0],) * 2}, "two of the label 'dense'"),
    "a negative time": (
        lambda r: {"trials": (Trial(label="t", median_ms=-1.0),)},
        r"trials\[0\].median_ms should be a number from 0 on",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_have_been_measured_is_refused(record, case):
    change, words = WRONG[case]
    text = dataclasses.replace(record, **change(record)).to_json()
    with pytest.raises(FileError, match=words):
        Comparison.from_json(text)


def test_the_class_that_loses_most_is_named_with_its_counts(record):
    [loss] = class_losses(record)
    assert (loss.after.label, loss.before.right, loss.after.right) == ("cat", 90, 60)
    assert loss.clear and "60 of 100" in str(record) and "60 of 100" in render(record)


def test_a_loss_that_chance_may_explain_is_said_so(record):
    close = dataclasses.replace(record, models=(record.models[0], model("near", 88, 9, 1.0)))
    assert not class_losses(close)[0].clear and "may explain it" in render(close)


def test_energy_is_a_share_of_the_first_and_unknown_where_a_part_is(record):
    assert energy_share(record, record.models[1], "45 nm") == pytest.approx(11 / 41)
    estimate = dataclasses.replace(record.models[1].energy[0], memory_uj=None)
    unknown = dataclasses.replace(record.models[1], energy=(estimate,))
    assert energy_share(record, unknown, "45 nm") is None
    assert "no measurement" in render(record)


def test_the_front_of_a_loss_is_its_lower_side():
    assert front([(1.0, 0.5), (2.0, 0.9), (3.0, 0.4)], higher_is_better=False) == [
        (1.0, 0.5),
        (3.0, 0.4),
    ]


def test_what_is_unknown_is_a_dash_and_never_zero(record):
    bare = Comparison(title="t", created="now", models=(ReportedModel(label="bare"),))
    page = render(bare)
    cells = re.findall(r'<td data-name="[^"]*"[^>]*>([^<]*)</td>', page)
    assert cells and set(cells) == {"\N{EN DASH}", ""}
    assert "<svg" not in page and "0" not in str(bare)


def test_every_picture_is_there_with_its_numbers_in_words(record):
    page = render(record)
    titles = re.findall(r"<figcaption><h3>([^<]*)", page)
    assert titles == [
        *("Time and accuracy", "Size and accuracy", "How sure: accuracy", "Size", "Latency"),
        *("Widths", "Multiply-accumulates", "Sensitivity", "Latency table"),
        *("Time by op: dense", "Time by op: small"),
    ]
    assert "stem: 8 to 4" in page and "1 trials" in page and "small: 0.75 at 1 ms" in page
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_the_page_refers_to_nothing_and_obeys_no_name(hostile):
    page = render(hostile)
    assert re.findall(r"https?:|@import|<link|<script|<img", page) == []
    tags = Tags(page).tags
    assert "script" not in tags and "img" not in tags
    assert tags.count("caption") == tags.count("table")


@needs_chromium
def test_a_browser_shows_it_whole_at_every_width_with_contrast_and_obeys_no_name(hostile, tmp_path):
    for found in seen(render(hostile), tmp_path):
        assert found["scroll"] <= found["width"] and found["out"] == []
        assert found["dim"] == [] and found["unnamed"] == 0 and not found["hacked"]
        levels = found["levels"]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


@needs_chromium
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_a_screenshot_is_light_or_dark_and_ends_with_an_empty_edge(record, tmp_path, width, dark):
    pixels = screenshot(render(record), tmp_path, width, dark=dark)
    page = (0x0F, 0x12, 0x17) if dark else (0xF5, 0xF6, 0xF8)
    assert pixels.shape[1] == width
    edge = pixels[:, -8:, :3].reshape(-1, 3)
    assert abs(edge - [c / 255 for c in page]).max() < 0.02
