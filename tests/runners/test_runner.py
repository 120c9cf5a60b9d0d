"""What every way of running a .tflite file must do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from tfprune.errors import FileError, MissingExtra, ProcessDied, PruneError
from tfprune.files import temporary_folder
from tfprune.runners import Runner, TensorSpec
from tfprune.runners.runner import WORKER
from tfprune.runners.samples import random_inputs

WAYS = [(kind, xnnpack) for kind in ("float32", "int8") for xnnpack in (True, False)]


@pytest.fixture(params=WAYS, ids=[f"{kind}-{'xnnpack' if x else 'builtin'}" for kind, x in WAYS])
def runner(request, files):
    kind, xnnpack = request.param
    with Runner(files[kind], xnnpack=xnnpack) as running:
        yield running


@pytest.fixture
def own_temp(tmp_path, monkeypatch):
    """A folder that holds whatever a Runner leaves behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(holds) -> bool:
    """Whether something comes true within ten seconds."""
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_it_computes_what_keras_computes(runner, classifier, image):
    expected = classifier.predict(image, verbose=0)
    tolerance = 1e-6 if runner.inputs[0].dtype == "float32" else 3 / 256
    np.testing.assert_allclose(runner.run([image])[0], expected, atol=tolerance)


def test_floats_in_give_floats_out(runner, image):
    assert runner.run([image])[0].dtype == np.float32


def test_it_describes_inputs_by_the_name_keras_gave_them(runner):
    assert [(i.signature, i.shape) for i in runner.inputs] == [("image", (1, 8, 8, 3))]


def test_it_says_which_runtime_in_which_version(runner):
    assert runner.runtime.split()[0] in ("ai-edge-litert", "tflite-runtime")
    assert runner.runtime.split()[1][0].isdigit()


def test_it_times_each_run_and_the_load(runner, image):
    times = runner.time(3, [image])
    assert len(times) == 3 and min(times) > 0 and runner.load_ms > 0


def test_its_peak_memory_is_its_own_and_not_its_parents(runner, image):
    runner.run([image])
    assert 0 < runner.peak_memory_bytes < 100e6  # this process, with TensorFlow, has far more


def test_it_times_each_op(runner, image):
    profile = runner.profile([image], runs=3)
    assert profile.notes == ()
    assert any("Conv" in op.name or "CONV" in op.name for op in profile.ops)


def test_raw_integers_give_raw_integers(files):
    with Runner(files["int8"]) as runner:
        assert runner.run([np.zeros((1, 8, 8, 3), np.int8)])[0].dtype == np.int8


def test_an_open_batch_takes_the_batch_it_is_given(files, classifier):
    batch = np.random.default_rng(2).random((5, 8, 8, 3), np.float32)
    with Runner(files["float32"]) as runner:
        np.testing.assert_allclose(
            runner.run([batch])[0], classifier.predict(batch, verbose=0), atol=1e-6
        )


def test_shapes_can_be_given_at_the_start(files):
    with Runner(files["float32"], shapes=[(4, 8, 8, 3)]) as runner:
        assert runner.inputs[0].shape == (4, 8, 8, 3)


def test_intermediate_tensors_can_be_kept(files, image):
    with Runner(files["float32"], xnnpack=False, keep_all=True) as runner:
        [output] = runner.run([image])
        [again] = runner.tensors([runner.outputs[0].index])
    np.testing.assert_array_equal(output, again)


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_a_truncated_file_is_a_clear_error(files, tmp_path, size):
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(files["float32"].read_bytes()[:size])
    with pytest.raises(FileError, match=r"load .*cut\.tflite\nfound: [\s\S]*whole \.tflite file"):
        Runner(cut)


def test_a_missing_file_is_a_clear_error():
    with pytest.raises(FileError, match=r"load no\.tflite\nfound: there is no such file"):
        Runner("no.tflite")


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"threads": 0}, "threads=0\nfound: at least one"), ({"runtime": "onnx"}, "runtime='onnx'")],
)
def test_a_bad_setting_is_an_error_that_repeats_it(files, setting, message):
    with pytest.raises(PruneError, match=message):
        Runner(files["float32"], **setting)


def test_a_missing_runtime_is_an_error_with_the_pip_command(files):
    pytest.importorskip("ai_edge_litert")
    if any((Path(p) / "tflite_runtime").exists() for p in sys.path):
        pytest.skip("tflite-runtime is installed here")
    with pytest.raises(MissingExtra, match="fix: pip install tflite-runtime"):
        Runner(files["float32"], runtime="tflite-runtime")


def test_a_killed_child_is_a_clear_error_and_leaves_nothing(files, image, own_temp):
    runner = Runner(files["float32"])
    os.kill(runner.pid, signal.SIGKILL)
    with pytest.raises(ProcessDied, match="died: it was ended by SIGKILL"):
        runner.run([image])
    assert not is_alive(runner.pid) and list(own_temp.iterdir()) == []


def test_a_crash_shows_the_last_words_of_the_child(files, image, tmp_path):
    crashing = tmp_path / "crash.py"
    crashing.write_text("import os, sys\nprint('out of tensors', file=sys.stderr)\nos.abort()\n")
    with pytest.raises(ProcessDied, match=r"ended by SIGABRT; it said:\nout of tensors"):
        Runner(files["float32"], launcher=[sys.executable, str(crashing)])


def test_a_hanging_child_is_ended_after_its_time(files, image, own_temp):
    runner = Runner(files["float32"], timeout_s=5)
    runner._child._timeout_s = 0.2
    os.kill(runner.pid, signal.SIGSTOP)
    with pytest.raises(PruneError, match=r"did not answer within 0\.2 s"):
        runner.run([image])
    assert not is_alive(runner.pid) and list(own_temp.iterdir()) == []


def test_a_closed_runner_leaves_nothing(files, own_temp):
    with Runner(files["float32"]) as runner:
        assert is_alive(runner.pid)
    assert not is_alive(runner.pid) and list(own_temp.iterdir()) == []


def test_a_forgotten_runner_is_ended_with_its_last_reference(files, own_temp):
    runner = Runner(files["float32"])
    pid = runner.pid
    del runner
    assert not is_alive(pid) and list(own_temp.iterdir()) == []


def test_ctrl_c_leaves_neither_process_nor_files(files, tmp_path):
    script = (
        "import sys, time; from tfprune.runners import Runner\n"
        "runner = Runner(sys.argv[1]); print(runner.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(files["float32"])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # heard in scripts too
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGINT)
    parent.communicate()
    assert parent.returncode != 0
    assert not is_alive(child) and list(tmp_path.iterdir()) == []


def test_the_worker_runs_alone(files):
    """Without tfprune: one line of JSON in, one out."""
    worker = Path(__file__).parents[2] / "tfprune" / "runners" / "worker.py"
    line = f'{{"do": "load", "path": "{files["float32"]}"}}\n'
    done = subprocess.run(
        [sys.executable, "-I", str(worker)], input=line, capture_output=True, text=True, check=True
    )
    assert '"signature": "image"' in done.stdout


def test_a_file_may_take_as_much_memory_as_the_variable_says(files, image, monkeypatch):
    monkeypatch.setenv("TFPRUNE_MEMORY_GB", "none")
    with pytest.raises(PruneError, match="fix: TFPRUNE_MEMORY_GB=8"):
        Runner(files["float32"])
    monkeypatch.setenv("TFPRUNE_MEMORY_GB", "0.00001")  # 10 kB
    with pytest.raises(PruneError, match="asked: load"):
        Runner(files["float32"])
    monkeypatch.setenv("TFPRUNE_MEMORY_GB", "2.5")
    with Runner(files["float32"]) as runner:
        assert runner.run([image])[0].shape == (1, 3)


def test_random_inputs_of_more_than_a_gigabyte_are_not_drawn():
    with pytest.raises(PruneError, match="8,589,934,592 bytes, at most 1,073,741,824"):
        random_inputs([TensorSpec(name="x", shape=(2**29, 4), dtype="float32")])


PARENT = """
import os, signal, sys, threading, time
from tfprune.files import temporary_folder
from tfprune.runners import Runner, TensorSpec
from tfprune.runners.runner import WORKER
from tfprune.runners.samples import random_inputs
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup make test ignores it, its children too
def start(): found.append(Runner(sys.argv[1]))
found = []
thread = threading.Thread(target=start)
thread.start(); thread.join()
x = __import__("numpy").zeros((1, 8, 8, 3), "float32")
found[0].time(1, [x])
print(found[0].pid, flush=True)
found[0].time(10**8)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_worker_ends_with_its_parent_in_the_middle_of_its_work(files, tmp_path, name):
    """It was started by a thread that is over: that alone does not end it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(files["float32"])],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        text=True,
    )
    child = int(parent.stdout.readline())
    assert is_alive(child) and list(tmp_path.iterdir())
    parent.send_signal(getattr(signal, name))
    parent.wait()
    assert eventually(lambda: not is_alive(child)) and list(tmp_path.iterdir()) == []
    parent.stdout.close()


def test_folders_of_a_killed_process_are_swept_by_the_next(own_temp):
    code = (
        "import os; from tfprune import files\n"
        "with files.temporary_folder() as folder:\n"
        "    print(folder, flush=True); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "TMPDIR": str(own_temp)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert Path(done.stdout.strip()).is_dir()
    with temporary_folder():
        assert not Path(done.stdout.strip()).exists()


def test_no_temporary_folder_is_an_error_that_names_the_variable(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(FileError, match=r"make a temporary folder[\s\S]*set TMPDIR to a folder"):
        Runner(WORKER)


def test_arrays_go_to_and_from_a_worker_before_1980_too(files, image, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with Runner(files["float32"]) as runner:
        assert runner.run([image])[0].shape == (1, 3)


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_rows_come_out_as_if_each_were_run_alone(files, kind, image):
    images = np.concatenate([image, image / 2, image * 0])
    with Runner(files[kind]) as runner:
        [rows] = runner.run_rows([images])
        alone = [runner.run([one[None]])[0] for one in images]
    np.testing.assert_array_equal(rows, np.concatenate(alone))


def test_rows_are_cut_to_the_batch_of_a_file_and_none_is_lost(files, image):
    with Runner(files["float32"], shapes=[(2, 8, 8, 3)]) as runner:
        [rows] = runner.run_rows([np.concatenate([image, image / 2, image * 0])])
        [last] = runner.run([np.concatenate([image * 0, image])])
    assert rows.shape == (3, 3)
    np.testing.assert_array_equal(rows[2], last[0])


def test_the_profiler_ends_with_its_parent_too(files, tmp_path):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT.replace("time(10**8)", "profile([x], runs=10**8)"),
            files["float32"],
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    parent.stdout.readline()
    assert eventually(lambda: len(list(tmp_path.glob("*/inputs.npy"))) == 2)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not list(tmp_path.iterdir()))


def test_the_profiler_has_no_more_memory_than_other_runs(files, image, monkeypatch):
    with Runner(files["float32"]) as runner:
        monkeypatch.setenv("TFPRUNE_MEMORY_GB", "0.00001")
        [note] = runner.profile([image], runs=1).notes
    assert note.reason.startswith("no per-op profile")
