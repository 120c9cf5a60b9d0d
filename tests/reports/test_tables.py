from __future__ import annotations

import dataclasses
import io

from rich.console import Console

from tfprune.counts import LayerCount
from tfprune.inspection import Inspection, KernelRow, Totals
from tfprune.inspection.table import inspection_table
from tfprune.notes import Note
from tfprune.reports import ModelRow, RunReport, pictures, summary_table
from tfprune.reports.grouping import grouped
from tfprune.reports.highlights import highlights


def printed(table):
    console = Console(file=io.StringIO(), width=118)
    console.print(table)
    return console.file.getvalue().splitlines()


def test_a_run_is_a_line_for_each_model_with_numbered_notes(record):
    lines = printed(summary_table(record))
    [dense] = [" ".join(line.split()) for line in lines if line.strip().startswith("dense")]
    assert dense == "dense 97.0 % 0.0 % 4,000 3,000 2.00 1.90 to 2.40 1.00x"
    [pruned] = [line.split() for line in lines if line.strip().startswith("pruned")]
    assert pruned[-2:] == ["2.00x", "1"]
    assert lines[-1].strip() == "1 runs dense here"


def test_square_brackets_in_a_name_are_no_markup(record):
    row = KernelRow(name="[red]head[/red]", shape=(4, 2), dtype="float32", zeros=6, bytes=32)
    lines = printed(
        inspection_table(
            Inspection(
                subject="m",
                kind="keras",
                rows=(row,),
                totals=Totals(params=10, kernel_params=8, zeros=6),
            )
        )
    )
    assert any("[red]head[/red]" in line and "75.0 %" in line for line in lines)


def test_totals_and_notes_stand_below_the_kernels():
    found = Inspection(
        subject="m.tflite",
        kind="tflite",
        rows=(),
        totals=Totals(params=10, kernel_params=8, zeros=6, file_bytes=900, gzip_bytes=400),
        notes=(Note("w", "why"),),
    )
    below = [line.strip() for line in printed(inspection_table(found))[-3:]]
    assert below == [
        "10 parameters, 8 of them in kernels; 6 zeros: 75.0 %",
        "file 900 bytes, gzip 400 bytes",
        "note: w: why",
    ]


LAYERS = (
    LayerCount(
        name="stem",
        op="Conv2D",
        output_shape=(16, 16, 8),
        params=216,
        bytes=864,
        macs=3_000_000,
        activations=2048,
        activation_bytes=8192,
    ),
    LayerCount(
        name="bn",
        op="BatchNormalization",
        output_shape=(16, 16, 8),
        params=32,
        bytes=128,
        macs=0,
        activations=2048,
        activation_bytes=8192,
    ),
    LayerCount(
        name="head",
        op="Dense",
        output_shape=(10,),
        params=90,
        bytes=360,
        macs=1_000_000,
        activations=10,
        activation_bytes=40,
    ),
)


def words(lines):
    return [" ".join(line.split()) for line in lines if line.strip()]


def test_layers_stand_with_their_share_of_the_macs():
    totals = Totals(
        params=338,
        kernel_params=296,
        zeros=0,
        macs=4_000_000,
        counted_macs=4_000_000,
        activations=4106,
    )
    found = Inspection(subject="m", kind="keras", rows=(), totals=totals, notes=(), layers=LAYERS)
    lines = words(printed(inspection_table(found)))
    assert "stem 16x16x8 216 3.00 M 75.0 % Conv2D" in lines
    assert "head 10 90 1.00 M 25.0 % Dense" in lines
    assert "1 more, without MACs 32 0" in lines
    assert "4.00 M MACs (multiply-accumulates: 4,000,000), 4.11 k activations" in lines


def test_macs_that_are_not_known_are_called_so():
    unknown = dataclasses.replace(LAYERS[2], macs=None, output_shape=(None, 10))
    totals = Totals(params=338, kernel_params=296, zeros=0, counted_macs=3_000_000)
    found = Inspection(
        subject="m", kind="keras", rows=(), totals=totals, notes=(), layers=(LAYERS[0], unknown)
    )
    lines = words(printed(inspection_table(found)))
    assert "head ?x10 90 unknown \N{EN DASH} Dense" in lines
    below = "at least 3.00 M MACs (multiply-accumulates: 3,000,000), an open number of activations"
    assert below in lines


def test_highlights_compare_with_the_first_model(record):
    found = [(h.value, h.what) for h in highlights(record)]
    assert found == [
        ("80.0 %", "zeros"),
        ("3.0x", "smaller download"),
        ("\N{MINUS SIGN}0.5", "points of accuracy"),
        ("2.00x", "as fast on this host"),
    ]


def test_a_model_that_is_no_better_is_no_highlight():
    same = RunReport(
        title="r",
        created="",
        models=(
            ModelRow(label="a", file="a", bytes=10, gzip_bytes=10),
            ModelRow(label="b", file="b", bytes=10, gzip_bytes=10),
        ),
    )
    assert highlights(same) == ()


def test_a_speed_up_within_the_noise_is_no_highlight(record):
    dense, pruned = record.models
    close = dataclasses.replace(pruned, median_ms=1.9, p90_ms=2.1, ratio=1.05)
    found = highlights(dataclasses.replace(record, models=(dense, close)))
    assert [h.what for h in found] == ["zeros", "smaller download", "points of accuracy"]


def test_pruning_is_not_credited_with_what_the_number_format_gave(record):
    """int8 alone is as fast; of the download it gives 1.5x of 3x."""
    dense, pruned = record.models
    int8 = dataclasses.replace(pruned, label="dense int8", gzip_bytes=2000)
    pruned = dataclasses.replace(pruned, counterpart="dense int8")
    found = highlights(dataclasses.replace(record, models=(dense, int8, pruned)))
    details = {h.what: h.detail for h in found}
    assert details["as fast on this host"].startswith("dense int8: ")
    assert details["smaller download"].endswith("gzipped (1.5x as dense int8)")


def test_notes_of_one_kind_become_one_line():
    notes = [Note("stem", "216 weights"), Note("b1", "8 weights"), Note("b2", "9 weights")]
    assert grouped(notes) == ["stem, b1 and 1 more: 8 to 216 weights"]


def test_a_dollar_in_a_label_is_no_formula():
    assert "$5$ model" in pictures.sizes(
        [ModelRow(label="$5$ model", file="a.tflite", bytes=2, gzip_bytes=1)]
    )
