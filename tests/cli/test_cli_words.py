from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest

from tfprune import __version__
from tfprune.cli import main
from tfprune.cli.output import show

VERBS = (
    *("demo", "inspect", "doctor", "prune", "convert", "verify", "evaluate", "benchmark", "report"),
    "setup-arm64",
)


def python(code, *words):
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("code", ["import tfprune", "from tfprune.cli import main; main(['-h'])"])
def test_the_import_and_the_help_load_no_tensorflow(code):
    heavy = "{'tensorflow', 'keras', 'numpy', 'rich', 'jinja2', 'matplotlib'}"
    ran = python(f"{code}\nimport sys; sys.exit(str({heavy} & set(sys.modules)))")
    assert ran.stderr == "set()\n"


def test_python_m_tfprune_is_the_command():
    words = [sys.executable, "-m", "tfprune", "--version"]
    assert subprocess.check_output(words, text=True) == f"tfprune {__version__}\n"


def test_the_bare_command_prints_its_help(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"example: tfprune {verb} " in out
    assert "exit codes: 0 it worked" in out and "--json" in out


@pytest.mark.parametrize(
    "words",
    [
        ["prune"],
        ["inspect"],
        ["inspect", "m.keras", "--input-shape", "4xa"],
        ["convert", "m.keras"],
        ["--colour"],
    ],
)
def test_a_misspelled_command_exits_with_2(words, capsys):
    assert main(words) == 2
    assert "usage: tfprune" in capsys.readouterr().err


def test_ctrl_c_exits_with_130_and_no_traceback():
    """A verb hears Ctrl-C in its middle.

    A job in the background of a script ignores SIGINT, and so would the command: not here.
    """
    interrupted = """
import signal, sys
from tfprune.cli import main
from tfprune.cli.verbs import inspect
signal.signal(signal.SIGINT, signal.default_int_handler)
inspect.run = lambda arguments: signal.raise_signal(signal.SIGINT)
sys.exit(main(["inspect", "model.tflite"]))
"""
    ran = python(interrupted)
    assert ran.returncode == 130
    assert ran.stderr == "interrupted; files already written are whole\n"


def test_a_reader_that_left_is_no_error(files):
    words = [sys.executable, "-m", "tfprune", "inspect", str(files / "model.tflite")]
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(words, stdout=write, stderr=subprocess.PIPE, text=True) as process:
        os.close(write)
        assert process.communicate()[1] == ""
    assert process.returncode == 0


def test_an_infinite_number_is_null_in_json(capsys):
    show(None, {"rows": [{"errors": (1.0, math.inf)}], "worst": math.nan}, as_json=True)
    refuse = {"parse_constant": lambda word: pytest.fail(f"{word} is no JSON")}
    found = json.loads(capsys.readouterr().out, **refuse)
    assert found == {"rows": [{"errors": [1.0, None]}], "worst": None}
