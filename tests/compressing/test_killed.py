"""A run that is killed at any moment ends, when it is run again, like one that was not."""

import json
import random
import subprocess
import sys
import textwrap

import pytest

RUN = """
    import sys
    import keras
    from tests.compressing.conftest import corners
    from tfprune.compressing import compress

    model = keras.saving.load_model(sys.argv[1])
    compress(
        model, corners(512, 0), corners(400, 1), budget={"macs": 0.5}, max_drop=0.05,
        out=sys.argv[2], recipe={
            "prune": {"trials": 2, "steps": 2, "samples": 64, "criterion": "taylor"},
            "fine_tune": {"epochs": 3}, "quantize": {"precisions": ["float32", "int8"]},
        },
    )
"""


def started(model, out):
    code = textwrap.dedent(RUN)
    return subprocess.Popen([sys.executable, "-c", code, str(model), str(out)])


def steps(out):
    """Each finished step with the time at which it was finished."""
    found = (out / "steps").glob("*-*/record.json")
    return {
        path.parent.name: path.stat().st_mtime_ns for path in found if "." not in path.parent.name
    }


def outcome(out):
    """What was found, without what a clock says."""
    result = json.loads((out / "result.json").read_text())
    kept = ("network", "precision", "metrics", "passed")
    return [[t[name] for name in kept] for t in result["trials"]], result["history"]


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_moments(trained, tmp_path, seed):
    trained.save(tmp_path / "model.keras")
    assert started(tmp_path / "model.keras", tmp_path / "whole").wait() == 0
    draw, out, code, most = random.Random(seed), tmp_path / "cut", None, 25
    while code != 0:
        before = steps(out)
        process = started(tmp_path / "model.keras", out)
        try:
            code = process.wait(draw.uniform(8, most))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        after = steps(out)
        assert {name: after[name] for name in before} == before  # no finished step was repeated
        most *= 1 if len(after) > len(before) else 1.5  # a slow machine
    assert outcome(out) == outcome(tmp_path / "whole")
