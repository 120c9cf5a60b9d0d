"""Save in the middle of a schedule, kill -9, load in a new process, go on: nothing differs."""

import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.masks.resume_worker import FORMS

ROOT = pathlib.Path(__file__).parents[2]


def worker(part, folder):
    command = [sys.executable, "-m", "tests.masks.resume_worker", part, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    assert worker("first", folder).returncode == -signal.SIGKILL
    resumed = worker("second", folder)
    assert resumed.returncode == 0, resumed.stderr
    return folder


@pytest.mark.parametrize(("carrier", "form"), FORMS)
def test_a_killed_training_resumes_bit_exact(carrier, form, folder):
    resumed = np.load(folder / f"{carrier}-{form}-resumed.npz")
    whole = np.load(folder / f"{carrier}-{form}-whole.npz")
    assert resumed.files == whole.files
    for name in whole.files:
        np.testing.assert_array_equal(resumed[name], whole[name])
