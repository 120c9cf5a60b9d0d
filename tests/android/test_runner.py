"""The runner: built for both C libraries, and started without a phone."""

from __future__ import annotations

import json
import platform
import re
import subprocess

import numpy as np
import pytest

from tests.android.standin import Library, make_standins
from tfprune.android.arrays import pack, read_output
from tfprune.android.runtimes.building import BIONIC, GLIBC, build_runner
from tfprune.android.runtimes.bundles import RUNNER, glibc, google, users_own
from tfprune.android.runtimes.elf import read_elf
from tfprune.runners import Runner

pytest.importorskip("ziglang")
pytestmark = pytest.mark.android


@pytest.mark.parametrize("abi", ["arm64-v8a", "x86_64"])
def test_the_runner_is_built_for_android_without_an_ndk(abi):
    elf = read_elf(build_runner(BIONIC, abi))
    assert (elf.abi, elf.needed, elf.is_program) == (abi, ("libc.so", "libdl.so"), True)
    assert build_runner(BIONIC, abi).read_bytes().count(b"/system/bin/linker64\0") == 1


def test_what_is_built_is_kept():
    first = build_runner(GLIBC, "arm64-v8a")
    before = first.stat().st_mtime_ns
    assert build_runner(GLIBC, "arm64-v8a").stat().st_mtime_ns == before


def test_a_users_own_library_for_android_is_started_without_glibc():
    path = google("arm64-v8a").files["liblitert-lm.so"]
    own = users_own(path, "arm64-v8a")
    assert own.files == {"libLiteRt.so": path, RUNNER: build_runner(BIONIC, "arm64-v8a")}
    assert own.start == (f"./{RUNNER}",)


@pytest.fixture(scope="module")
def here(tmp_path_factory, dense):
    """A folder as on a phone, with a model, its inputs, and LiteRT for Linux."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("runs x86-64 programs of Linux")
    folder = tmp_path_factory.mktemp("here")
    bundle = glibc("x86_64")
    for name, path in bundle.files.items():
        (folder / name).symlink_to(path)
    (folder / "0.tflite").symlink_to(dense)
    (folder / "0.in").write_bytes(pack({"image": np.ones((1, 16, 16, 3), "float32")}))
    return folder, bundle


def start(folder, *words):
    command = [*words, "--library", "./libLiteRt.so"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def test_it_prints_one_document(here, dense):
    folder, bundle = here
    code, document = start(folder, *bundle.start, "--rounds", "3,2", "--warmup", "2")
    [model] = document.pop("models")
    assert (code, document) == (
        0,
        {
            "format": 1,
            "runner": "native",
            "abi": "x86_64",
            "runtime": "",
            "threads": 1,
            "cpu_mask": "",
        },
    )
    assert [len(one) for one in model["rounds_ms"]] == [3, 2]
    assert (model["warmup_runs"], model["settled"], model["ops"]) == (2, True, None)
    with Runner(dense) as runner:
        [expected] = runner.run([np.ones((1, 16, 16, 3), "float32")])
    np.testing.assert_array_equal(read_output(model["outputs"][0]), expected)


def test_models_take_turns_and_every_other_round_goes_backwards(here):
    folder, bundle = here
    for name in ("tflite", "in"):
        (folder / f"1.{name}").symlink_to((folder / f"0.{name}").resolve())
    words = (*bundle.start, "--models", "2", "--rounds", "2,2,2", "--warmup", "0")
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    turns = re.findall(r"^tfprune: \d+ of 12, (\d)\.tflite$", done.stderr, re.MULTILINE)
    loading, warming, rounds, reports = "01", "01", "011001", "01"
    assert "".join(turns) == loading + warming + rounds + reports


@pytest.mark.parametrize(
    ("words", "step", "text"),
    [
        (["--rounds", "x"], "arguments", "not a number"),
        (["--models", "17"], "arguments", "more than 16 models"),
        (["--cpu_mask", "8000000000000000"], "arguments", "none of the cores"),
        (["--folder", "no such"], "arguments", "no such folder"),
        (["--models", "3"], "load", "LiteRtCreateModelFromFile"),
    ],
)
def test_what_fails_is_said_in_the_document(here, words, step, text):
    folder, bundle = here
    code, document = start(folder, *bundle.start, *words)
    assert (code, document["error"]["step"]) == (3, step)
    assert text in document["error"]["text"]


def test_an_input_of_another_size_is_an_error(here, tmp_path):
    folder, bundle = here
    for name in (*bundle.files, "0.tflite"):
        (tmp_path / name).symlink_to((folder / name).resolve())
    (tmp_path / "0.in").write_bytes(pack({"image": np.ones((1, 8, 8, 3), "float32")}))
    code, document = start(tmp_path, *bundle.start)
    assert (code, document["error"]) == (
        3,
        {
            "file": "0.tflite",
            "step": "input",
            "text": "it is not as large as what was given",
        },
    )


def start_as_on_android(folder, bundle, standins, *words):
    """What is left for a phone is its own linker, and its own C library's functions."""
    loader, option, own, _ = bundle.start
    runner = str(build_runner(BIONIC, "x86_64"))
    command = (loader, option, f"{standins}:{own}", runner, *words)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def test_androids_entry_hands_over_arguments(here, tmp_path):
    folder, bundle = here
    make_standins(tmp_path, folder)
    words = ("--library", "./libLiteRt.so", "--warmup", "3", "--threads", "2")
    code, document = start_as_on_android(folder, bundle, tmp_path, *words)
    assert (code, document["threads"]) == (0, 2)
    assert document["models"][0]["warmup_runs"] == 3


def test_googles_build_for_android_computes_what_this_machine_does(here, dense, tmp_path):
    folder, bundle = here
    [path] = [path for name, path in google("x86_64").files.items() if name.endswith(".so")]
    library = Library(path)
    make_standins(tmp_path, folder, library)
    library.save(tmp_path / "litert.so")
    words = ("--library", str(tmp_path / "litert.so"), "--rounds", "2,2", "--profile", "2")
    code, document = start_as_on_android(folder, bundle, tmp_path, *words)
    [model] = document["models"]
    with Runner(dense) as runner:
        [expected] = runner.run([np.ones((1, 16, 16, 3), "float32")])
    assert (code, model["fully_accelerated"]) == (0, True)
    np.testing.assert_allclose(read_output(model["outputs"][0]), expected, rtol=1e-5)
    assert model["ops"][0][0].startswith("Convolution (NHWC, F32)")
