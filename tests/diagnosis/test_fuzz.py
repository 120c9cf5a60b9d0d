"""Damaged files: a clear error or an answer, never anything else."""

import numpy as np
import pytest

import tfprune
from tfprune.errors import PruneError
from tfprune.tflite import read_tflite

WAYS = [(None, "auto"), (None, False), ("float16", "auto"), ("dynamic", "auto"), ("int8", "auto")]


@pytest.fixture(scope="module")
def contents(converted, tmp_path_factory):
    """Six real files: five ways to convert one network, and one that holds a loop."""
    import keras

    files = [converted(*way).path for way in WAYS]
    start = keras.Input((4, 8))
    model = keras.Model(start, keras.layers.LSTM(4)(start))
    files.append(tfprune.convert(model, tmp_path_factory.mktemp("fuzz") / "loop.tflite").path)
    return [read_tflite(path).content for path in files]


def damaged(content, random):
    """Return the content with bytes or whole words replaced, moved, left out or cut off."""
    found = bytearray(content)
    if random.random() < 0.2:
        del found[random.integers(len(found)) :]
    few = int(
        random.choice([1, 1, 2, 3, 12])
    )  # most damage to more than a few bytes is seen at once
    for place in random.integers(max(len(found), 1), size=few):
        kind = random.choice(4, p=[0.4, 0.35, 0.2, 0.05])
        if kind == 0:
            found[place : place + 1] = random.bytes(1)
        elif kind == 1:  # a word that is an offset, a length or an index somewhere
            word = int(random.choice([0, 1, 2, 2**31 - 1, 2**32 - 1, int(random.integers(2**16))]))
            place -= place % 4
            found[place : place + 4] = word.to_bytes(4, "little")
        elif kind == 2:
            other = int(random.integers(max(len(found), 1)))
            found[place : place + 8] = found[other : other + 8]
        else:
            del found[place : place + int(random.integers(1, 5))]
    return bytes(found)


def survive(contents, seed, count, folder):
    """Send damaged files through inspect and doctor; return how many were refused."""
    random, refused = np.random.default_rng(seed), 0
    for i in range(count):
        content = damaged(contents[i % len(contents)], random)
        path = folder / "damaged.tflite"
        path.write_bytes(content)
        for verb in (tfprune.inspect, tfprune.doctor):
            try:
                verb(path)
            except PruneError as error:
                refused += 1
                assert error.fix and error.found
    return refused


def test_300_damaged_files_are_read_or_refused(contents, tmp_path):
    assert survive(contents, 0, 300, tmp_path) > 30


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1, 5))
def test_2000_damaged_files_are_read_or_refused(contents, tmp_path, seed):
    assert survive(contents, seed, 500, tmp_path) > 50


def test_whole_files_are_not_refused(contents):
    assert [tfprune.doctor(content).verdict in ("safe", "dense") for content in contents] == [
        True
    ] * len(contents)
