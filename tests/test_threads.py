"""A notebook server or a web service calls from threads, with streams of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import tfprune
from tfprune.export.quiet import quiet
from tfprune.progress import track
from tfprune.runners import Runner


def build():
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(8, 3, activation="relu", name="stem")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(3, name="head")(x))


def everything(model, path):
    """Prune, quantize, convert and verify; what the file computes, and whether that is right."""
    masked = tfprune.prune_low_magnitude(model)
    tfprune.quantize_model(model)
    tfprune.convert(tfprune.strip_pruning(masked), path)
    passed = tfprune.verify(model, path, samples=1).passed
    with Runner(path) as runner:
        [output] = runner.run([np.ones((1, 8, 8, 3), np.float32)])
    return output.tolist(), passed


def test_four_threads_give_what_one_gives(tmp_path):
    model = build()
    expected = everything(model, tmp_path / "one.tflite")
    before, stderr = os.fstat(2).st_ino, sys.stderr
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: everything(model, tmp_path / f"{i}.tflite"), range(4)))
    assert found == [expected] * 4
    assert (os.fstat(2).st_ino, sys.stderr) == (before, stderr) and not stderr.closed


def test_quiet_is_counted_and_puts_back_what_was_there():
    before = os.fstat(2).st_ino
    with quiet():
        with quiet():
            assert os.fstat(2).st_ino != before
        assert os.fstat(2).st_ino != before
    assert os.fstat(2).st_ino == before


def test_a_thread_leaves_the_process_as_it_is():
    before, seen = os.fstat(2).st_ino, []

    def call():
        with quiet():
            seen.append(os.fstat(2).st_ino)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_thread_may_keep_the_stream_that_it_found():
    """Two that overlap once left standard error closed, and descriptor 2 on a deleted file."""
    code = (
        "import sys; from tfprune.export.quiet import quiet\n"
        "with quiet(): kept = sys.stderr\n"
        "print('still open', file=kept); kept.flush()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "still open\n")


class Minimal:
    def write(self, text):
        return len(text)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "stream",
    [None, Minimal(), closed(), io.StringIO()],
    ids=["none", "minimal", "closed", "no terminal"],
)
def test_a_bar_needs_no_standard_error(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(track([1, 2], "counting")) == [1, 2]
