"""A user's script, read by the type checkers that people use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import tfprune
import tfprune.counts
import tfprune.demo

result = tfprune.convert("model.keras", "model.tflite")
size: int = result.bytes
row: tfprune.Rule = tfprune.Rule(tfprune.ConstantSparsity(0.5, 0))
report = tfprune.android.benchmark_android(["a.tflite"])

ratios = {"head": 0.5, "stem": 0.2}
print(tfprune.plan_structured(object(), ratios))

class Policy(tfprune.PruningPolicy):
    def allow_pruning(self, layer: object) -> bool:
        return True

    def ensure_model_supports_pruning(self, model: object) -> None:
        pass

try:
    tfprune.verify("model.keras", "model.tflite")
except tfprune.VerificationError as error:
    print(error.fix)
"""
WRONG = [
    "tfprune.convertt('m.keras')",
    "result.byte",
    "tfprune.verify('m.keras', samples='x')",
    "tfprune.counts.LayerCounts",
    "tfprune.demo.DemoSettings(digit=1)",
]


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("user") / "script.py"
    path.write_text("\n".join([SCRIPT, *WRONG, ""]))
    return path


def lines(script, found):
    """The lines of the script's end in which something was found."""
    first = len(SCRIPT.splitlines()) + 2
    return sorted({number - first for number in found if number})


def test_mypy_knows_every_name_and_its_arguments(script):
    words = [sys.executable, "-m", "mypy", "--no-error-summary", "--no-incremental", "-O", "json"]
    root = Path(__file__).parents[1]
    ran = subprocess.run(
        [*words, str(script)], capture_output=True, text=True, cwd=root, check=False
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines(script, [f["line"] for f in found if f["file"].endswith("script.py")]) == list(
        range(len(WRONG))
    )


def test_pyright_knows_every_name_and_its_arguments(script):
    words = [sys.executable, "-m", "basedpyright", "--outputjson", "--level", "error"]
    words += ["--pythonpath", sys.executable]
    # Pyright asks Python for its path, on which an editable install may not stand as a folder.
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    ran = subprocess.run(
        [*words, str(script)],
        capture_output=True,
        text=True,
        cwd=script.parent,
        check=False,
        env=path,
    )
    found = json.loads(ran.stdout)["generalDiagnostics"]
    assert lines(script, [f["range"]["start"]["line"] + 1 for f in found]) == list(
        range(len(WRONG))
    )
