"""What can go wrong between here and the phone: a clear error each time, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.android.conftest import BUNDLE, QUICK, enter, needs_phone
from tests.android.phone import Phone
from tfprune.android.benchmark import benchmark_android
from tfprune.android.device.adb import PhoneLost

pytestmark = [needs_phone, pytest.mark.android]
LONG = ("--runs", "1000000", "--rounds", "100", "--warmup", "0")


def test_no_phone(monkeypatch, run, dense):
    with Phone(count=0) as nothing:
        enter(nothing, monkeypatch)
        code, out, err = run(dense, "--json")
    assert code == 1
    assert json.loads(out)["error"]["found"] == "adb sees no phone"
    assert "fix: plug it in, switch on USB debugging" in err


def test_a_phone_that_has_not_allowed_this_machine(monkeypatch, run, dense):
    with Phone(count=0, stranger=True) as stranger:
        enter(stranger, monkeypatch)
        code, _, err = run(dense)
    assert code == 1
    assert "found: adb sees 127.0.0.1:6100 (unauthorized)" in err
    assert "accept 'Allow USB debugging?'" in err


def test_a_phone_of_another_serial_number(phone, run, dense, tmp_path):
    code, _, err = run(dense, "--serial", f"x; touch {tmp_path}/pwned")
    assert code == 1
    assert f"adb sees no phone of this serial number, but {phone.serials[0]}" in err
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("abis", "found"),
    [
        ("armeabi-v7a,armeabi", "its Android runs only armeabi-v7a,armeabi"),
        ("arm64-v8a", "the phone's processor does not run this program"),
    ],
)
def test_a_phone_of_another_abi(monkeypatch, run, dense, abis, found):
    """Of 32 bits, or one that says ARM64 and has a processor that cannot run it."""
    with Phone(abilist=abis) as phone:
        enter(phone, monkeypatch)
        code, _, err = run(dense, *BUNDLE)
        assert (code, found in err) == (1, True), err
        assert phone.files() == []


def test_unplugged_while_files_are_copied(monkeypatch, dense):
    with Phone() as phone:
        enter(phone, monkeypatch)
        thread = phone.when_there("tfprune-*/libLiteRt.so", phone.unplug)
        with pytest.raises(PhoneLost, match="went away while"):
            benchmark_android(dense, runtime="ai-edge-litert")
        thread.join()
        assert len(list(phone.inside.iterdir())) == 1
        phone.plug()
        assert benchmark_android(dense, runs=5, warmup=0, runtime="ai-edge-litert").passed
        assert phone.files() == []


def test_unplugged_while_models_run(monkeypatch, run, dense, slow):
    with Phone() as phone:
        enter(phone, monkeypatch)
        thread = phone.when_running(1, phone.unplug)
        code, _, err = run(slow, *BUNDLE, *LONG)
        thread.join()
        assert (code, "went away while running the models" in err) == (1, True), err
        phone.plug()
        assert phone.rests()
        assert run(dense, *BUNDLE, *QUICK)[0] == 0
        assert phone.files() == []


def test_a_phone_without_space(monkeypatch, run, dense):
    with Phone(size="6m") as phone:
        enter(phone, monkeypatch)
        code, _, err = run(dense, *BUNDLE)
        assert (code, "the phone is full" in err) == (1, True), err
        assert phone.files() == []


def test_a_file_that_arrives_changed_is_noticed(monkeypatch, run, dense):
    with Phone() as phone:
        enter(phone, monkeypatch)
        phone.program("sha256sum", f"#!/bin/sh\necho {64 * '0'} $1\n")
        code, _, err = run(dense, *BUNDLE)
        assert (code, "another file arrived" in err) == (1, True), err
        assert phone.files() == []


def test_a_phone_without_sha256sum_is_asked_for_another_hash(monkeypatch, run, dense):
    with Phone() as phone:
        enter(phone, monkeypatch)
        phone.program("sha256sum", "#!/bin/sh\nexit 127\n")
        assert run(dense, *BUNDLE, *QUICK)[0] == 0


def test_a_runner_that_is_killed(phone, run, slow):
    phone.when_running(1, lambda: phone.shell(f"kill -9 {phone.runners()[0]}"))
    code, _, err = run(slow, *BUNDLE, *LONG)
    assert (code, "the runner was ended by signal 9" in err) == (1, True), err
    assert phone.rests()


def test_a_model_whose_process_is_killed_is_named(phone, run, dense, int8):
    phone.when_running(2, lambda: phone.shell(f"kill -9 {phone.runners()[-1]}"))
    code, _, err = run(dense, int8, *BUNDLE, *LONG)
    assert code == 1
    assert re.search("asked: (load|run) int8 on the phone\nfound: ended by signal 9", err), err


def test_ctrl_c_leaves_nothing(phone, slow):
    words = ("-m", "tfprune", "benchmark", slow, "--android", *BUNDLE, *LONG)
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True, **heard)
    phone.when_running(1, lambda: process.send_signal(signal.SIGINT))
    _, err = process.communicate(timeout=300)
    assert (process.returncode, "interrupted" in err) == (130, True), err
    assert phone.rests()


@pytest.mark.parametrize("name", ["it's; touch pwned", "$(touch pwned)`touch pwned`", "-rf *\n?"])
def test_a_hostile_file_name_is_just_a_name(phone, run, dense, tmp_path, name):
    path = tmp_path / f"{name}.tflite"
    shutil.copy(dense, path)
    code, out, _ = run(path, *BUNDLE, *QUICK, "--json")
    assert (code, json.loads(out)["rows"][0]["label"]) == (0, name)
    assert phone.shell("ls /data/local/tmp /; cd; ls").count("pwned") == 0


def test_own_litert_by_its_path(phone, run, dense, tmp_path):
    import ai_edge_litert

    library = tmp_path / "mine; exit.so"
    shutil.copy(Path(ai_edge_litert.__path__[0], "libLiteRt.so"), library)
    code, out, _ = run(dense, "--runtime", library, *QUICK, "--json")
    assert (code, json.loads(out)["settings"]["runtime"]) == (0, str(library))


def loaded(name):
    """The path of a library that this process has loaded."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return next(line.split()[-1] for line in lines if os.path.basename(line).startswith(name))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("no.so", "there is no such file"),
        (__file__, "it is no whole ELF file"),
        (loaded("libm.so"), "it has no function LiteRtCreateEnvironment"),
    ],
)
def test_a_runtime_that_is_none(phone, run, dense, path, found):
    code, _, err = run(dense, "--runtime", path)
    assert (code, found in err) == (1, True), err


def test_a_runtime_for_another_machine(phone, run, dense, tmp_path):
    library = bytearray(Path(loaded("libm.so")).read_bytes())
    library[18] = 183
    (tmp_path / "libLiteRt.so").write_bytes(library)
    code, _, err = run(dense, "--runtime", tmp_path / "libLiteRt.so")
    assert (code, "it is built for arm64-v8a, the phone runs x86_64" in err) == (1, True)
