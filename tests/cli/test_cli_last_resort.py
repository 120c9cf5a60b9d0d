"""What the system does to a command ends in words and an exit code, without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tfprune.cli.last_resort import in_words
from tfprune.emulation.place import cache_folder
from tfprune.errors import FileError


def tfprune(*words, **settings):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tfprune", *map(str, words)], stderr=subprocess.PIPE, **settings
    )


def test_a_full_standard_output_is_an_error_in_words(files):
    with open("/dev/full", "w") as full:
        done = tfprune("inspect", files / "model.tflite", stdout=full)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert b"found: No space left on device" in done.stderr


def test_a_closed_standard_output_is_none(files):
    done = tfprune("inspect", files / "model.tflite", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, b"")


def test_letters_that_a_terminal_has_not_are_written_out(files):
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    target = files / "\u2192.tflite"
    target.write_bytes((files / "model.tflite").read_bytes())
    done = tfprune("inspect", target, stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, rb"\u2192" in done.stdout) == (0, True)


@pytest.mark.parametrize("name", [b"\xff.tflite", b"a" * 10_000, b"\x1b[31mred"])
def test_a_name_that_is_no_text_is_told(files, name):
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"tfprune", b"inspect", name], capture_output=True
    )
    assert (done.returncode, b"Traceback" in done.stderr, b"\x1b" in done.stderr) == (
        1,
        False,
        False,
    )
    assert done.stderr.startswith(b"asked: ") and b"\nfix: " in done.stderr


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (OSError(28, "No space left on device", "/tmp/x"), "No space left on device: /tmp/x"),
        (MemoryError(), "memory ran out"),
        ("\u2192".encode, "a text cannot be encoded"),
    ],
)
def test_what_the_system_says_is_told_with_a_fix(error, found):
    if callable(error):
        with pytest.raises(UnicodeError) as caught:
            error("cp1252")
        error = caught.value
    told = in_words(error, "convert")
    assert told.asked == "tfprune convert" and found in told.found and told.fix


def test_tensorflow_running_out_of_space_is_told():
    import tensorflow as tf

    error = tf.errors.ResourceExhaustedError(None, None, "no space for saved_model.pb")
    assert "no space for saved_model.pb" in in_words(error, "convert").found


def test_a_bug_of_ours_keeps_its_traceback():
    assert in_words(ZeroDivisionError(), "convert") is None


def test_no_home_is_an_error_that_names_the_variable(monkeypatch):
    for name in ("TFPRUNE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileError, match="set TFPRUNE_CACHE"):
        cache_folder("~nobody-of-this-name/cache")


def test_sigterm_leaves_neither_worker_nor_folder(files, tmp_path):
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tfprune",
            "benchmark",
            files / "model.tflite",
            "--runs",
            "100000000",
        ],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    while not list(tmp_path.glob("*/inputs.npy")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, list(tmp_path.iterdir())) == (128 + signal.SIGTERM, [])
    assert b"ended by SIGTERM" in stderr
