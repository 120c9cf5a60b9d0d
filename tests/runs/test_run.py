"""A run does each step once, whatever interrupts it."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tfprune.errors import FileError, PruneError
from tfprune.runs import Run, digest, source_of


def test_a_finished_step_is_not_repeated(tmp_path):
    run, calls = Run(tmp_path), []
    for _ in range(2):
        done = run.step("count", {"to": 3}, lambda folder: calls.append(1) or {"is": 3})
    assert (done.record, calls) == ({"is": 3}, [1])


def test_another_question_is_another_step(tmp_path):
    run = Run(tmp_path)
    first = run.step("double", {"of": 1}, lambda folder: {"is": 2})
    second = run.step("double", {"of": 2}, lambda folder: {"is": 4})
    assert (first.record["is"], second.record["is"]) == (2, 4)
    assert len(run.finished()) == 2


def test_files_stand_in_the_folder_of_the_step(tmp_path):
    def do(folder):
        (folder / "a.txt").write_text("whole")
        return {}

    assert Run(tmp_path).step("write", {}, do).file("a.txt").read_text() == "whole"


def test_a_refusal_is_remembered(tmp_path):
    def refuse(folder):
        raise PruneError("convert", "no kernel", "keep it float")

    for do in (refuse, lambda folder: {}):
        with pytest.raises(PruneError, match="no kernel"):
            Run(tmp_path).step("convert", {}, do)


def test_what_is_the_fault_of_the_world_is_tried_again(tmp_path):
    def refuse(folder):
        raise PruneError("time it", "no phone", "plug one in")

    run = Run(tmp_path)
    with pytest.raises(PruneError, match="no phone"):
        run.step("time", {}, refuse, remembers=False)
    assert run.step("time", {}, lambda folder: {"ms": 3}, remembers=False).record["ms"] == 3


def test_a_full_disk_is_not_remembered(tmp_path):
    def full(folder):
        raise FileError("write", "no space left", "free some")

    with pytest.raises(FileError):
        Run(tmp_path).step("write", {}, full)
    assert Run(tmp_path).step("write", {}, lambda folder: {"is": 1}).record == {"is": 1}


def test_what_was_left_unfinished_is_gone_unless_the_step_goes_on(tmp_path):
    def stop(folder):
        (folder / "half").touch()
        raise KeyboardInterrupt

    def look(folder):
        return {"found": (folder / "half").exists()}

    for name, goes_on in (("anew", False), ("on", True)):
        with pytest.raises(KeyboardInterrupt):
            Run(tmp_path).step(name, {}, stop)
        assert Run(tmp_path).step(name, {}, look, goes_on=goes_on).record["found"] is goes_on


def test_one_process_at_a_time(tmp_path):
    with (
        Run(tmp_path).at_work(),
        pytest.raises(FileError, match="another process"),
        Run(tmp_path).at_work(),
    ):
        pass


def test_a_killed_process_leaves_finished_steps(tmp_path):
    code = f"""
        import os, signal
        from tfprune.runs import Run
        with Run({str(tmp_path)!r}).at_work() as run:
            run.step("first", {{}}, lambda folder: {{"is": 1}})
            run.step("second", {{}}, lambda folder: os.kill(os.getpid(), signal.SIGKILL))
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ)
    assert died.returncode == -signal.SIGKILL
    with Run(tmp_path).at_work() as run:
        assert run.step("first", {}, lambda folder: 1 / 0).record == {"is": 1}
        assert run.step("second", {}, lambda folder: {"is": 2}).record == {"is": 2}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, "1"),
        ([1, 2], [[1], 2]),
        ({"a": 1}, {"b": 1}),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2, "float32"), np.zeros(2, "int32")),
        (None, False),
    ],
    ids=str,
)
def test_other_content_another_word(one, other):
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


def test_the_order_of_keys_does_not_count():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_a_file_is_told_by_its_content_a_folder_by_its_files(tmp_path):
    file = tmp_path / "a"
    file.write_text("1")
    before = digest(file), digest(tmp_path)
    file.write_text("22")
    assert digest(file) != before[0] and digest(tmp_path) != before[1]


def test_an_object_has_no_lasting_word():
    with pytest.raises(TypeError, match="no lasting word"):
        digest(object())


def test_a_function_is_told_by_its_code():
    def fit(model):
        return model

    one = source_of(fit)

    def fit(model):
        return None

    assert source_of(fit) != one


@pytest.mark.parametrize("other", ["x * 3", "y * 2", "[x for _ in (1,)]"])
def test_code_typed_into_a_session_is_told_by_what_it_does(other):
    def typed(expression):
        names = {}
        exec(f"def f(x): return {expression}", names)
        return source_of(names["f"])

    assert typed("x * 2") == typed("x * 2") != typed(other)
