"""CIFAR-10 is decoded from its sheets, checked, and asked for with a fix where it is missing."""

import io
import json
import tarfile

import numpy as np
import pytest
import tensorflow as tf

from proofs import data
from tfprune.errors import FileError, PruneError


def sheet(rows):
    """One image per row of 1024 pixels; its red is the row, its green the pixel modulo 256."""
    pixels = np.zeros((rows, 1024, 3), np.uint8)
    pixels[..., 0] = np.arange(rows)[:, None]
    pixels[..., 1] = np.arange(1024) % 256
    return tf.io.encode_png(pixels).numpy()


def arrays(count=4):
    x, y = np.zeros((count, 32, 32, 3), np.uint8), np.arange(count)
    return {"train_x": x, "train_y": y, "test_x": x, "test_y": y}


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TFPRUNE_CACHE", str(tmp_path / "cache"))


def test_each_row_of_a_sheet_is_an_image_of_32_rows():
    images = data.decode_sheet(sheet(3))
    assert images.shape == (3, 32, 32, 3)
    assert images[2, 0, 0].tolist() == [2, 0, 0]
    assert images[2, 1, 5].tolist() == [2, 37, 0]


def test_the_package_is_read_batch_after_batch(tmp_path):
    members = {f"data_batch_{i}.png": sheet(i) for i in range(1, 6)}
    members |= {"test_batch.png": sheet(2), "test_lables.json": json.dumps([7, 8]).encode()}
    members |= {"train_lables.json": json.dumps(list(range(15))).encode()}
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    images = data.read_package(tmp_path / "a.tgz")
    assert images.train_x[:, 0, 0, 0].tolist() == [0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3, 4]
    assert images.train_y.tolist() == list(range(15))
    assert images.test_y.tolist() == [7, 8]


def test_an_npz_is_taken_as_given_with_labels_of_any_integer_type(tmp_path):
    given = arrays() | {"train_y": np.arange(4, dtype=np.uint8)[:, None]}
    np.savez(tmp_path / "a.npz", **given)
    images = data.cifar10(tmp_path / "a.npz")
    assert images.train_y.dtype == np.int64
    assert images.train_y.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"train_x": np.zeros((4, 32, 32, 3), np.float32)}, "images are float32"),
        ({"test_x": np.zeros((4, 28, 28, 3), np.uint8)}, r"\(4, 28, 28, 3\)"),
        ({"test_y": np.arange(3)}, r"labels \(3,\)"),
    ],
)
def test_a_foreign_npz_is_refused(tmp_path, wrong, found):
    np.savez(tmp_path / "a.npz", **arrays() | wrong)
    with pytest.raises(FileError, match=found):
        data.cifar10(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"not an npz"])
def test_a_file_that_is_no_npz_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(FileError, match=r"fix: an \.npz with train_x, train_y, test_x, test_y"):
        data.cifar10(tmp_path / "a.npz")


def test_the_next_source_is_tried_and_what_it_gave_is_kept():
    def unreachable():
        raise FileError("fetch it", "npm is not installed", "install npm")

    images = data.Images(**arrays())
    kept = data.from_first({"npm": unreachable, "other": lambda: images})
    assert kept is images
    assert (data.cifar10().test_y == images.test_y).all()


def test_without_any_source_the_error_says_what_was_tried():
    def unreachable():
        raise FileError("fetch it", "npm is not installed", "install npm")

    def offline():
        raise OSError("no route to host")

    with pytest.raises(PruneError) as error:
        data.from_first({"npm": unreachable, "keras": offline})
    assert "npm: npm is not installed; keras: no route to host" in error.value.found
    assert error.value.fix.startswith("connect to a network, or pass --data FILE.npz")
