"""`--runtime FILE` where FILE is LiteRT's benchmark_model.

No registry has that program, so benchmark_model.c stands for it: it takes its options, prints its
lines, and runs the models with a real LiteRT. The printouts here have the words of its sources.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.android.conftest import needs_phone
from tests.android.standin import make_benchmark_model, zig_cc
from tests.android.test_faults import LONG
from tfprune.android import benchmark_android
from tfprune.android.checking import Reference
from tfprune.android.runtimes.benchmark_model import users_program
from tfprune.android.runtimes.bundles import glibc
from tfprune.android.runtimes.elf import Elf, read_elf
from tfprune.android.runtimes.printout import make_row, read_printout
from tfprune.errors import PruneError, VerificationError

ROUNDS = ("--runs", "6", "--rounds", "3", "--warmup", "1")
on_a_phone = [needs_phone, pytest.mark.android]

NEW = """INFO: STARTING!
INFO: Loaded model 0.tflite
INFO: Explicitly applied XNNPACK delegate, and the model graph will be completely executed by the \
delegate.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if \
exceeding 500 seconds.
INFO: count=4 first=130565 curr=120829 min=117370 max=130565 avg=122373 std=4930 p5=117370 \
median=120829 p95=130565

INFO: Running benchmark for at least 50 iterations and at least 0 seconds but terminate if \
exceeding 500 seconds.
INFO: count=50 first=119212 curr=118055 min=113737 max=124776 avg=119375 std=1948 p5=116000 \
median=119000 p95=123000

INFO: Inference timings in us: Init: 870557, First inference: 130565, Warmup (avg): 122373, \
Inference (avg): 119375
INFO: Memory footprint delta from the start of the tool (MB): init=1.25 overall=3.5
"""
OLD = """STARTING!
Explicitly applied XNNPACK delegate, and the model graph will be partially executed by the delegate\
 w/ 3 delegate kernels.
count=1 curr=1305650
count=50 first=1192120 curr=1180550 min=1137370 max=1247760 avg=1.19375e+06 std=19480
Inference timings in us: Init: 870557, First inference: 1305650, Warmup (avg): 1.30565e+06, \
Inference (avg): 1.19375e+06
"""


def test_a_new_version_tells_the_median():
    told = read_printout(NEW)
    assert (told.runs, told.ms, told.is_median, told.min_ms) == (50, 119.0, True, 113.737)
    assert (told.load_ms, told.first_ms) == (870.557, 130.565)
    assert told.peak_memory_bytes == 3.5 * 2**20
    assert (told.delegate, told.whole) == ("XNNPACK", True)


def test_an_old_version_tells_the_mean_without_info_and_memory():
    told = read_printout(OLD)
    assert (told.runs, told.ms, told.is_median, told.min_ms) == (50, 1193.75, False, 1137.37)
    assert (told.load_ms, told.first_ms, told.peak_memory_bytes) == (870.557, 1305.65, None)
    assert (told.delegate, told.whole) == ("XNNPACK", False)


@pytest.mark.parametrize(
    "times",
    ["count=1 curr=7", "curr=7 count=3(all same)", "count=3 curr=7(all same) p5=7 median=7"],
)
def test_runs_that_took_all_the_same_time_have_one_number(times):
    told = read_printout(f"count=2 curr=9\n{times}\nInit: 1, First inference: 9,")
    assert (told.ms, told.min_ms, told.is_median) == (0.007, 0.007, True)


@pytest.mark.parametrize("text", ["", "INFO: STARTING!\nERROR: Benchmarking failed.", NEW[:600]])
def test_a_printout_without_times_is_an_error(text):
    with pytest.raises(PruneError, match="no times in what benchmark_model printed"):
        read_printout(text)


def test_runs_too_short_for_it_are_an_error():
    with pytest.raises(PruneError, match="no whole microsecond"):
        read_printout("count=2 curr=1\ncount=9 curr=0(all same)\nInit: 1, First inference: 1,")


def test_what_xnnpack_left_alone_ran_on_the_builtin_kernels():
    unused = (
        "Though XNNPACK delegate is explicitly applied, the model graph will not be executed by"
    )
    told = read_printout("\n".join([unused, *OLD.splitlines()[2:]]))
    assert make_row([told], xnnpack=True)["delegate"] == "builtin kernels"


def test_a_row_has_one_number_for_each_round():
    row = make_row([read_printout(NEW), read_printout(OLD)], xnnpack=True)
    assert row["rounds_ms"] == [[119.0], [1193.75]]
    assert (row["runs"], row["told"], row["min_ms"]) == (100, "mean", 113.737)
    assert row["peak_memory_bytes"] == 3.5 * 2**20


def test_inputs_are_bare_values_in_the_files_order(tmp_path):
    program = users_program(tmp_path / "mine", Elf("x86_64", (), True), "x86_64")
    inputs = {"it's": np.array([[1, 2]], ">i2"), "a": np.array([3], "int8")}
    assert program.pack(Reference(inputs=inputs, outputs={}, specs={}, path="")) == {
        "0.raw": b"\1\0\2\0",
        "1.raw": b"\3",
    }


@pytest.mark.parametrize(
    ("needed", "start"),
    [
        (("libc.so", "libm.so"), ("./benchmark_model",)),
        ((), ("./benchmark_model",)),
        (
            ("libc.so.6",),
            ("./ld-linux-x86-64.so.2", "--library-path", ".", "./benchmark_model"),
        ),
    ],
    ids=["Android", "static", "glibc"],
)
def test_a_program_for_glibc_is_started_by_its_loader_and_others_alone(tmp_path, needed, start):
    assert users_program(tmp_path, Elf("x86_64", needed, True), "x86_64").start == start


# The static ones without a C library, which would have to be compiled first, for minutes.
STATIC = ("-target", "x86_64-linux-musl", "-nostdlib", "-static")
DYNAMIC = ("-target", "x86_64-linux-gnu.2.17")


@pytest.mark.android
@pytest.mark.parametrize(
    ("flags", "kind"),
    [(STATIC, 2), ((*STATIC, "-pie", "-fPIE"), 3), ((*DYNAMIC, "-pie"), 3), (DYNAMIC, 2)],
    ids=["static", "static, loaded anywhere", "loaded anywhere", "dynamic"],
)
def test_a_program_is_told_from_a_library_however_it_is_linked(tmp_path, flags, kind):
    entry = "_start" if "-static" in flags else "main"
    (tmp_path / "a.c").write_text(f"int {entry}(void) {{ for (;;); }}")
    zig_cc(tmp_path, *flags, *["-no-pie"] * (kind == 2), "a.c", "-o", "a")
    assert (tmp_path / "a").read_bytes()[16] == kind  # 3 is the type of libraries, too
    assert read_elf(tmp_path / "a").is_program


def test_ops_are_refused_before_a_phone_is_looked_for():
    with pytest.raises(PruneError, match="benchmark_model tells no ops"):
        benchmark_android("model.tflite", runtime=os.path.realpath("/bin/sh"), per_op=True)


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    return make_benchmark_model(tmp_path_factory.mktemp("it's $(mine)"))


@pytest.fixture(scope="session")
def two_signatures(tmp_path_factory):
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("signatures")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    functions = {
        name: tf.function(lambda x, by=by: {"y": by * model(x)}, [tf.TensorSpec((1, 3), name="x")])
        for name, by in (("one", 1.0), ("two", 2.0))
    }
    tf.saved_model.save(model, folder / "saved", signatures=functions)
    content = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert()
    (folder / "two.tflite").write_bytes(content)
    return folder / "two.tflite"


@pytest.fixture
def tool(phone):
    """A phone with the LiteRT that the stand-in opens, and with what binds to cores."""
    (phone.root / "app").mkdir(exist_ok=True)
    library = glibc("x86_64").files["libLiteRt.so"]
    shutil.copy(library, phone.root / "app" / library.name)
    phone.program("taskset", '#!/bin/sh\necho "$@" > /app/taskset\nexec busybox taskset "$@"\n')
    return phone


class TestOnAPhone:
    pytestmark = on_a_phone

    def test_it_runs_the_models_and_its_outputs_are_checked(self, tool, run, program, dense, int8):
        code, out, err = run(dense, int8, "--runtime", program, *ROUNDS, "--json")
        assert code == 0, err
        document = json.loads(out)
        assert document["settings"]["runtime"] == str(program)
        for row in document["rows"]:
            assert row["checks"][0]["passed"] and row["runs"] == 6
            assert 0 < row["min_ms"] <= row["median_ms"] <= row["p90_ms"]
            assert row["load_ms"] > 0 and row["first_ms"] > 0 and row["peak_memory_bytes"] > 0
            assert row["delegate"] == "XNNPACK, every op"
        [note] = document["notes"]
        assert "one median for each round" in note["reason"]

    def test_inputs_and_outputs_go_in_the_files_order(self, tool, program, several):
        result = benchmark_android(several, runs=2, rounds=1, warmup=0, runtime=str(program))
        [row] = result.rows
        assert sorted(check.name for check in row.checks) == ["b", "z"]
        assert all(check.passed and check.max_abs_error < 1e-6 for check in row.checks)

    def test_threads_kernels_and_cores_are_chosen(self, tool, run, program, dense):
        words = ("--threads", "2", "--no-xnnpack", "--cpu-mask", "1")
        code, out, err = run(dense, "--runtime", program, *ROUNDS, *words)
        assert (code, "builtin kernels" in out) == (0, True), err
        bound = tool.shell("cat /app/taskset")
        assert bound.startswith("1 ./ld-linux") and "--num_threads=2" in bound

    def test_other_outputs_are_an_error(self, tool, run, tmp_path, dense):
        wrong = make_benchmark_model(tmp_path, "-DWRONG")
        with pytest.raises(VerificationError, match="it is not this machine's: largest error"):
            benchmark_android(dense, runs=2, rounds=1, warmup=0, runtime=str(wrong))
        code, out, err = run(dense, "--runtime", wrong, *ROUNDS, "--json")
        assert (code, json.loads(out)["rows"][0]["checks"][0]["passed"]) == (1, False)
        assert "found: it is not this machine's" in err

    def test_a_model_that_does_not_load_is_named_with_what_it_said(self, tool, run, program, dense):
        shutil.move(tool.root / "app/libLiteRt.so", tool.root / "app/elsewhere")
        code, _, err = run(dense, "--runtime", program)
        assert code == 1
        assert "asked: run dense on the phone\nfound: it ended with 1, and said: ERROR: " in err

    def test_a_file_with_several_signatures_is_refused_with_the_reason(
        self, tool, run, program, two_signatures
    ):
        code, _, err = run(two_signatures, "--runtime", program)
        assert (code, "it has several signatures" in err) == (1, True), err

    def test_a_phone_that_binds_no_programs_to_cores_is_an_error(self, tool, run, program, dense):
        (tool.root / "usr/bin/taskset").unlink()
        code, _, err = run(dense, "--runtime", program, "--cpu-mask", "1")
        assert (code, "this phone has no taskset" in err) == (1, True), err

    @pytest.mark.parametrize("name", ["/bin/sh", "/bin/false"])
    def test_another_program_is_an_error(self, tool, run, dense, name):
        code, _, err = run(dense, "--runtime", os.path.realpath(name))
        assert (code, "it does not answer as LiteRT's benchmark_model does" in err) == (1, True)

    def test_ctrl_c_ends_it_and_leaves_nothing(self, tool, program, dense):
        words = ("-m", "tfprune", "benchmark", dense, "--android", "--runtime", program, *LONG)
        heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
        process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, **heard)
        tool.when_there("tfprune-*/0.out", lambda: process.send_signal(signal.SIGINT))
        assert (process.wait(300), b"interrupted" in process.stderr.read()) == (130, True)
        assert "--graph" not in tool.shell("ps")
