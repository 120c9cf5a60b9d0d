"""The rows of the headline cases make their page and its picture."""

from dataclasses import replace

import numpy as np
import pytest

from proofs.headline_measure import Row, recalls
from proofs.headline_page import page
from proofs.headline_picture import PICTURE, draw, factors
from proofs.rows import read_rows
from proofs.untrained import DOCS

DENSE = Row(
    case="text",
    seed=0,
    file="dense float32",
    macs=1000,
    file_bytes=900,
    gzip_bytes=800,
    median=1.0,
    minimum=1.0,
    right={"film reviews": 0.88},
    worst="praise",
    worst_lost=0.0,
    verified="yes",
)
SMALL = replace(
    DENSE,
    file="small int8",
    macs=250,
    file_bytes=90,
    gzip_bytes=40,
    median=6.0,
    minimum=6.5,
    right={"film reviews": 0.87},
    worst="blame",
    worst_lost=0.031,
)


def test_the_page_and_its_picture_are_what_the_measured_rows_make():
    rows = read_rows(DOCS / "measured" / "headlines.jsonl", Row)
    assert (DOCS / "proof.md").read_text(encoding="utf-8") == page(rows)
    assert PICTURE.read_text(encoding="utf-8") == draw(rows)


def test_a_file_is_compared_with_the_dense_one():
    cells = "10.00x | 20.00x | 4.00x | 6.00x (6.50x) | 87.0 | blame -3.1 | yes |"
    assert f"| **small int8** | {cells}" in page([DENSE, SMALL])
    assert factors([DENSE, SMALL], "small int8") == pytest.approx((20, 6, -1))


def test_several_seeds_are_a_mean_and_its_ends():
    others = [replace(row, seed=1) for row in (DENSE, SMALL)]
    others[1] = replace(others[1], right={"film reviews": 0.86})
    assert "| 86.5 (86.0 to 87.0) |" in page([DENSE, SMALL, *others])


def test_each_class_has_the_share_of_it_that_was_recognized():
    said, y = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])
    assert recalls(said, y, ("blame", "praise")) == {"blame": 0.5, "praise": 1.0}
