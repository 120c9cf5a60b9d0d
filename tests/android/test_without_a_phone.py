"""What can be told without a phone: arguments, adb's lists, documents, files."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfprune.android.device.adb import Adb, PhoneLost, find_adb, quote
from tfprune.android.device.choosing import Seen, choose, choose_abi, read_devices
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.device.watching import follow
from tfprune.android.planning import RunnerPlan, make_plan
from tfprune.android.runtimes.app import App
from tfprune.android.runtimes.bundles import candidates
from tfprune.android.runtimes.documents import run_line
from tfprune.android.runtimes.elf import read_elf
from tfprune.cli import main
from tfprune.errors import FileError, MissingExtra, PruneError

LISTED = """* daemon not running; starting now at tcp:5037
List of devices attached
R58M20  device usb:1-2 product:a71 model:SM_A715F device:a71 transport_id:3
0123    unauthorized usb:1-3 transport_id:4
adb-R58 (2)._adb-tls-connect._tcp device product:a71 model:SM_A715F transport_id:5
ABCD    no permissions (missing udev rules? user is in the plugdev group); see [http://x]

"""


def test_the_list_of_adb_is_read_line_by_line():
    assert read_devices(LISTED) == [
        Seen("R58M20", "device", "SM A715F"),
        Seen("0123", "unauthorized"),
        Seen("adb-R58 (2)._adb-tls-connect._tcp", "device", "SM A715F"),
        Seen("ABCD", "no permissions"),
    ]


def test_the_only_phone_that_can_be_used_is_taken():
    assert choose([Seen("A", "offline"), Seen("B", "device")], None) == "B"


@pytest.mark.parametrize(
    ("devices", "serial", "found", "fix"),
    [
        ([], None, "adb sees no phone", "plug it in"),
        ([Seen("A", "device"), Seen("B", "device", "Pixel 8")], None, "2 phones", "--serial A"),
        ([Seen("A", "device")], "B", "no phone of this serial number, but A", "--serial A"),
        ([Seen("A", "unauthorized")], None, "A (unauthorized)", "accept 'Allow USB debugging?'"),
        ([Seen("A", "offline")], "A", "A (offline)", "adb kill-server"),
        ([Seen("A", "no permissions")], None, "A (no permissions)", "udev rules"),
        ([Seen("A", "recovery")], None, "A (recovery)", "adb reboot"),
    ],
)
def test_a_phone_that_cannot_be_used_has_a_reason_and_a_fix(devices, serial, found, fix):
    with pytest.raises(PruneError) as caught:
        choose(devices, serial)
    assert found in caught.value.found and fix in caught.value.fix


class Named:
    serial = "A"


def abi(listed, sdk="34"):
    return choose_abi(Named(), {"ro.product.cpu.abilist": listed, "ro.build.version.sdk": sdk})


def test_the_first_abi_of_64_bits_is_taken():
    assert abi("arm64-v8a,armeabi-v7a") == "arm64-v8a"
    assert abi("x86_64,arm64-v8a") == "x86_64"


@pytest.mark.parametrize(
    ("listed", "sdk", "found"),
    [
        ("armeabi-v7a,armeabi", "34", "only armeabi-v7a,armeabi"),
        ("", "34", "only an unknown ABI"),
        ("arm64-v8a", "22", "it has Android"),
    ],
)
def test_32_bits_and_old_androids_are_refused(listed, sdk, found):
    with pytest.raises(PruneError, match=found):
        abi(listed, sdk)


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"threads": 0}, "threads=0"),
        ({"runs": 4}, "runs=4, rounds=5"),
        ({"rounds": 0}, "rounds=0"),
        ({"warmup": -1}, "warmup=-1"),
        ({"cpu_mask": "g"}, "cpu_mask='g'"),
        ({"cpu_mask": "0"}, "cpu_mask='0'"),
        ({"cpu_mask": "f; reboot"}, "cpu_mask='f; reboot'"),
    ],
)
def test_an_impossible_plan_is_refused(settings, asked):
    usual = {"threads": 1, "cpu_mask": None, "runs": 50, "rounds": 5, "warmup": None}
    with pytest.raises(PruneError) as caught:
        make_plan(["a"], **{**usual, "xnnpack": True, **settings})
    assert caught.value.asked == asked


def test_a_plan_is_said_in_words():
    plan = RunnerPlan(
        labels=("a", "b"), threads=2, cpu_mask="f0", xnnpack=False, warmup=None, rounds=(3, 2)
    )
    assert " ".join(f"{name}={value}" for name, value in plan.settings().items()) == (
        "models=2 threads=2 xnnpack=0 warmup=-1 profile=0 rounds=3,2 cpu_mask=f0"
    )


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_no_word_reaches_a_shell_as_anything_else(words):
    printed = subprocess.check_output(["sh", "-c", quote("printf", "%s\\0", "", *words)])
    assert printed.decode().split("\0")[1:-1] == words


@pytest.mark.parametrize(
    ("line", "limits", "stopped"),
    [
        ("exec sleep 60", {"silence_s": 0.5}, "no word for 0.5 s"),
        (
            "while sleep 0.1; do echo 'tfprune: running' >&2; done",
            {"step_s": 0.5},
            "one step took longer than 0.5 s",
        ),
        ("echo 'tfprune: 1 of 1' >&2; echo well; exit 3", {}, ""),
    ],
)
def test_a_runner_that_hangs_is_ended(line, limits, stopped):
    found = follow(["sh", "-c", line], 0, **limits)
    assert (found.stopped, found.code) == (stopped, -1 if stopped else 3)
    assert found.out == ("" if stopped else "well\n")


def test_a_push_to_a_full_phone_is_an_error_whatever_adb_says_besides(tmp_path):
    """What adb 34 was seen to print when it had sent all before the phone had written all."""
    adb = tmp_path / "adb"
    adb.write_text(
        "#!/bin/sh\n"
        "case $3 in get-state) echo device; exit 0;; esac\n"
        "echo 'adb: error: failed to copy: remote write failed: No space left on device' >&2\n"
        "echo 'a.so: 1 file pushed, 0 skipped. 39.5 MB/s (8039424 bytes in 0.194s)'; exit 1\n"
    )
    adb.chmod(0o755)
    with pytest.raises(PruneError, match="the phone is full: adb: error: failed to copy"):
        Adb(str(adb), "A").push(adb, "/data/local/tmp/a.so")


def test_ctrl_c_is_not_hidden_by_a_phone_that_is_gone(tmp_path):
    """What runs there cannot be ended then; that is not what the user wants to hear."""
    adb = tmp_path / "adb"
    interrupt_and_hang = "kill -INT $PPID; exec sleep 60"
    adb.write_text(f"#!/bin/sh\ncase $* in *wait*) {interrupt_and_hang};; esac\nexit 1\n")
    adb.chmod(0o755)
    folder = RemoteFolder(Adb(str(adb), "A"), tmp_path)
    with pytest.raises(PhoneLost):
        folder.adb.shell(App().stop)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    try:
        with pytest.raises(KeyboardInterrupt):
            run_line(folder, App(), "wait")
    finally:
        signal.signal(signal.SIGINT, before)


def test_adb_is_looked_for_on_path_then_in_the_sdk(tmp_path, monkeypatch):
    for folder in ("path", "sdk/platform-tools"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "adb").write_text("")
        (tmp_path / folder / "adb").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("ANDROID_HOME", str(tmp_path / "sdk"))
    assert find_adb() == str(tmp_path / "path/adb")
    monkeypatch.setenv("PATH", "")
    assert find_adb() == str(tmp_path / "sdk/platform-tools/adb")


def test_without_any_adb_the_fix_is_the_extra(monkeypatch):
    for name in ("PATH", "ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.setenv(name, "")
    monkeypatch.setitem(sys.modules, "adbutils", None)
    with pytest.raises(MissingExtra, match="adb is neither on PATH") as caught:
        find_adb()
    assert 'pip install "tfprune[android]"' in caught.value.fix


def test_runtimes_are_tried_in_order():
    assert [name for name, _ in candidates("auto", "arm64-v8a")] == [
        "Google's LiteRT for Android",
        "ai-edge-litert with glibc",
    ]
    assert [name for name, _ in candidates("my/libLiteRt.so", "x86_64")] == ["my/libLiteRt.so"]


@pytest.mark.parametrize("size", [0, 3, 6, 40, 200])
def test_a_damaged_library_is_an_error(size, tmp_path):
    content = Path(sys.executable).read_bytes()[:size]
    (tmp_path / "a.so").write_bytes(content)
    with pytest.raises(FileError, match="as the runtime\nfound: it is no whole ELF file"):
        read_elf(tmp_path / "a.so")


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["--serial", "A"], "add --android"),
        (["--cpu-mask", "f"], "add --android"),
        (["--save-profile", "p.json"], "add --android"),
        (["--android", "--target", "arm64-emulated"], "leave --target and --cpu out"),
    ],
)
def test_words_about_a_phone_go_with_android(words, fix, capsys):
    assert main(["benchmark", "a.tflite", *words]) == 1
    assert f"fix: {fix}" in capsys.readouterr().err


def test_a_profile_that_cannot_be_written_is_told_before_anything_is_timed(tmp_path, capsys):
    path = tmp_path / "no/phone.json"
    assert main(["benchmark", "a.tflite", "--android", "--save-profile", str(path)]) == 1
    assert f"found: the folder {path.parent} does not exist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_missing_is_told_before_a_phone_is_looked_for(capsys):
    assert main(["benchmark", "nowhere.tflite", "--android"]) == 1
    assert "asked: load nowhere.tflite\nfound: there is no such file" in capsys.readouterr().err
