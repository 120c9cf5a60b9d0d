"""The rows of the ways side by side make their page and its picture."""

from dataclasses import replace

from proofs.rows import read_rows
from proofs.side_by_side_page import Row, TimeRow, page
from proofs.side_by_side_picture import PICTURE, draw
from proofs.untrained import DOCS

ASKED = {"network": "resnet20", "images": 2_560, "epochs": 3, "tested": 10_000}
DENSE = Row(part="techniques", way="dense", seed=0, accuracy=0.9, classes=[0.9] * 10, **ASKED)
MASKED = Row(
    part="masks",
    way="gradual",
    seed=0,
    macs=40_551_040,
    zeros=0.9,
    accuracy=0.8,
    classes=[0.9] * 3 + [0.4] + [0.85] * 6,
    seconds=50.4,
    **ASKED,
)


def test_the_page_and_its_picture_are_what_the_measured_rows_make():
    rows = read_rows(DOCS / "measured" / "side_by_side.jsonl", Row)
    times = read_rows(DOCS / "measured" / "side_by_side_times.jsonl", TimeRow)
    assert (DOCS / "side_by_side.md").read_text(encoding="utf-8") == page(rows, times)
    assert PICTURE.read_text(encoding="utf-8") == draw(rows)


def test_a_row_says_which_class_lost_most():
    assert "| 40.6 | 90.0 | 80.0 | cat -50.0 | 50 |" in page([DENSE, MASKED], [])


def test_seeds_are_shown_as_their_mean_and_the_ends():
    other = replace(MASKED, seed=1, accuracy=0.7)
    assert "| 90.0 | 75.0 (70.0 to 80.0) | cat" in page([DENSE, MASKED, other], [])
    assert "seeds: 1 to 2" in page([DENSE, MASKED, other], [])


def test_rows_of_another_budget_stand_in_tables_of_their_own():
    shown = page([DENSE, MASKED, replace(DENSE, images=10_000)], [])
    assert shown.count("## ResNet-20: 3 epochs on") == 2
    assert shown.index("2,560") < shown.index("10,000")


def test_a_way_without_a_row_is_named():
    shown = page([DENSE, MASKED], [])
    assert "Not measured yet: techniques: int8 after, repair, " in shown
    assert "; structured: one shot, " in shown and "; masks: one shot, " in shown


def test_the_picture_says_each_number_in_words():
    assert "each technique alone, dense: 90.0; 90 % zeros, gradual: 80.0" in draw([DENSE, MASKED])
