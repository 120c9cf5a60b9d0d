"""Several phones: on a terminal the user is asked which, elsewhere that is an error."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys

import pytest

from tfprune.android.device.choosing import Seen, choose
from tfprune.cli.asking import ask_which
from tfprune.errors import PruneError

PHONES = [Seen("A", "device"), Seen("X", "offline"), Seen("B", "device", "Pixel 8")]

# Two phones; of the one that is asked nothing is known, so that an error names it.
ADB = """#!/bin/sh
[ "$1" = devices ] && printf 'List\\nA device\\nB device model:Pixel_8\\nX offline\\n'
exit 0
"""


def test_only_phones_that_can_be_used_are_asked_about():
    asked = []
    assert choose(PHONES, None, lambda ready: asked.extend(ready) or ready[1]) == "B"
    assert [seen.serial for seen in asked] == ["A", "B"]


@pytest.mark.parametrize(("phones", "serial"), [(PHONES, "A"), (PHONES[:2], None)])
def test_one_that_is_named_or_alone_is_not_asked_about(phones, serial):
    assert choose(phones, serial, lambda ready: pytest.fail("asked")) == "A"


def test_no_answer_is_the_error_that_names_them():
    with pytest.raises(PruneError, match="adb sees 2 phones") as caught:
        choose(PHONES, None, lambda ready: None)
    assert caught.value.fix == "name one of them: --serial A"


@pytest.mark.parametrize(
    ("typed", "chosen"), [("2\n", "b"), ("3\nx\n1\n", "a"), ("\n2\n", None), ("", None)]
)
def test_what_is_typed_is_the_number_of_a_choice(typed, chosen, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert ask_which(["a", "b"]) == chosen
    out, err = capsys.readouterr()
    assert (out, err.split("?")[0]) == ("", "1) a\n2) b\nwhich, 1 to 2")


def test_ctrl_c_chooses_nothing(monkeypatch):
    class Interrupted(io.StringIO):
        def readline(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert ask_which(["a", "b"]) is None


def on_a_terminal(folder, typed, *words):
    """What `tfprune benchmark --android` says on a terminal where this is typed."""
    (folder / "adb").write_text(ADB)
    (folder / "adb").chmod(0o755)
    (folder / "a.tflite").touch()
    terminal, its_end = os.openpty()
    command = (sys.executable, "-m", "tfprune", "benchmark", "a.tflite", "--android", *words)
    path = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    ends = {"stdin": its_end, "stdout": subprocess.DEVNULL, "stderr": its_end}
    process = subprocess.Popen(command, cwd=folder, env=path, **ends)
    os.close(its_end)
    os.write(terminal, typed)
    said = b""
    with contextlib.suppress(OSError):  # Linux' way to tell the end
        while part := os.read(terminal, 4096):
            said += part
    os.close(terminal)
    return process.wait(), said.decode()


@pytest.mark.parametrize(
    ("typed", "words", "said"),
    [
        (b"2\n", (), "asked: benchmark on an Android phone, B\r\n"),
        (b"\n", (), "adb sees 2 phones: A, B (Pixel 8), X (offline)"),
        (b"\x04", (), "adb sees 2 phones"),
        (b"2\n", ("--json",), "adb sees 2 phones"),
    ],
)
def test_on_a_terminal_the_user_is_asked(tmp_path, typed, words, said):
    code, found = on_a_terminal(tmp_path, typed, *words)
    assert (code, said in found) == (1, True), found
    assert ("2) B (Pixel 8)\r\n" in found) == (not words)
