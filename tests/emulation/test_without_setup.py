"""Errors, commands and tables: nothing here needs the emulator."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
from rich.console import Console

from tfprune import count_instructions, verify
from tfprune.bench import InstructionResult, InstructionRow
from tfprune.bench.instruction_table import instructions_table
from tfprune.cli import words
from tfprune.emulation import CPUS, TARGETS, Counter, Setup, find_target, setup_arm64
from tfprune.emulation.place import RECIPE, cache_folder, folder_of, read_setup
from tfprune.errors import MissingExtra, PruneError

COMMAND = "tfprune setup-arm64"


def test_verify_on_arm64_names_the_command_that_sets_it_up(no_setup, dense):
    with pytest.raises(MissingExtra) as caught:
        verify(dense.model, dense.path, target="arm64")
    assert caught.value.fix == COMMAND
    assert str(no_setup) in caught.value.found


@pytest.mark.parametrize(
    "wanted",
    [lambda: find_target("x86-noavx"), lambda: Counter("cortex-a53")],
    ids=["x86", "count"],
)
def test_so_does_everything_else_that_emulates(no_setup, wanted):
    with pytest.raises(MissingExtra) as caught:
        wanted()
    assert caught.value.fix == COMMAND


def test_so_does_the_command_line(no_setup, run, dense):
    code, out, err = run("benchmark", dense.path, "--target", "arm64-emulated")
    assert (code, out) == (1, "")
    assert err.endswith(f"fix: {COMMAND}\n")


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (["--cpu", "cortex-a76"], "add --target arm64-emulated"),
        (["--target", "arm64-emulated", "--threads", "2"], "leave it out"),
        (["--target", "arm64-emulated", "--runtime", "tflite-runtime"], "leave it out"),
        (["--target", "arm64-emulated", "--per-op"], "the kernels always come along"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(no_setup, run, dense, arguments, fix):
    code, out, err = run("benchmark", dense.path, *arguments)
    assert (code, out) == (1, "") and err.strip().endswith(fix)


def test_an_unknown_core_is_refused(no_setup, dense):
    with pytest.raises(PruneError, match="one of cortex-a76, cortex-a53"):
        count_instructions(dense.path, cpu="cortex-a9")


def test_an_unknown_target_is_refused(dense):
    with pytest.raises(PruneError, match="one of host, arm64, x86-noavx"):
        verify(dense.model, dense.path, target="phone")


def test_an_arm64_host_runs_arm64_natively(no_setup, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    target = find_target("arm64")
    assert (target.launcher, target.how, target.emulated) == ((sys.executable,), "natively", False)


def test_an_arm64_host_has_no_x86_python_to_emulate(no_setup, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(PruneError, match="fix: use arm64"):
        find_target("x86-noavx")


def fake_setup(folder):
    for name in ("qemu/usr/lib/x86_64-linux-gnu/libcapstone.so.4", "setup.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return Setup(folder=folder, litert="2.3.0", python="3.11", qemu="7.2", packages={})


def test_the_command_of_an_arm_core_has_a_clean_environment_and_its_own_sysroot(tmp_path):
    assert fake_setup(tmp_path).arm64_python("cortex-a53", ("-plugin", "counter.so")) == [
        *("env", "-i", "HOME=/", f"PYTHONPATH={tmp_path}/site", "PYTHONHASHSEED=0"),
        f"LD_LIBRARY_PATH={tmp_path}/qemu/usr/lib/x86_64-linux-gnu",
        *(f"{tmp_path}/qemu/usr/bin/qemu-aarch64", "-U", "LD_LIBRARY_PATH"),
        *("-L", f"{tmp_path}/sysroots/cortex-a53", "-cpu", "cortex-a53"),
        *("-plugin", "counter.so", f"{tmp_path}/root/usr/bin/python3.11", "-B"),
    ]


def test_an_emulated_x86_keeps_the_library_path_of_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/own")
    command = fake_setup(tmp_path).x86_python("Nehalem")
    assert command[-5:] == ["-E", "LD_LIBRARY_PATH=/own", "-cpu", "Nehalem", sys.executable]


def test_what_describes_the_host_s_processor_does_not_reach_an_emulated_one(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.x86_memcpy_non_temporal_threshold=1")
    monkeypatch.setenv("PYTHONPATH", "/packages")
    command = fake_setup(tmp_path).x86_python("Nehalem")
    own = command[2 : command.index(f"LD_LIBRARY_PATH={tmp_path}/qemu/usr/lib/x86_64-linux-gnu")]
    assert command[:2] == ["env", "-i"] and "PYTHONPATH=/packages" in own
    assert not [word for word in own if "OPENBLAS" in word or "GLIBC" in word]


def test_the_linux_of_an_older_core_tells_of_no_dot_product():
    assert "asimddp" in CPUS["cortex-a76"].cpuinfo()
    assert "asimddp" not in CPUS["cortex-a53"].cpuinfo()
    assert "CPU part\t: 0xd03\n" in CPUS["cortex-a53"].cpuinfo()


def test_the_cache_is_the_folder_given_or_that_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    for name in ("TFPRUNE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert str(cache_folder()) == "/home/somebody/.cache/tfprune"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert str(cache_folder()) == "/caches/tfprune"
    monkeypatch.setenv("TFPRUNE_CACHE", "/mine")
    assert str(cache_folder()) == "/mine"
    assert cache_folder(tmp_path) == tmp_path


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"litert": "2.3.0", "more": 1}'])
def test_a_damaged_record_is_no_setup(tmp_path, text):
    (tmp_path / "setup.json").write_text(text)
    assert read_setup(tmp_path) is None


@pytest.mark.parametrize(("recipe", "counts"), [(RECIPE, True), (RECIPE - 1, False)])
def test_a_record_counts_if_it_is_of_this_recipe(tmp_path, recipe, counts):
    setup = dataclasses.replace(fake_setup(tmp_path), recipe=recipe)
    (tmp_path / "setup.json").write_text(json.dumps(setup.to_dict()))
    assert read_setup(tmp_path) == (setup if counts else None)


def test_the_command_line_knows_all_targets_and_cores():
    assert (TARGETS, tuple(CPUS)) == (words.TARGETS, words.CPUS)


def test_importing_the_room_imports_no_tensorflow():
    code = "import sys, tfprune.emulation; print({'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_system_without_apt_is_told_so(no_setup, monkeypatch):
    monkeypatch.setenv("PATH", str(no_setup))
    with pytest.raises(PruneError, match="apt-get is not on this machine") as caught:
        setup_arm64()
    assert caught.value.fix.startswith("set up on Debian or Ubuntu")


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_other_systems_are_told_that_it_needs_linux(no_setup, monkeypatch, system):
    monkeypatch.setattr("platform.system", lambda: system)
    with pytest.raises(PruneError, match=f"qemu-user needs Linux, this is {system}"):
        setup_arm64()


def test_a_cache_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("tfprune.emulation.setting_up.check_machine", lambda: None)
    (tmp_path / "file").touch()
    with pytest.raises(PruneError, match="name another folder"):
        setup_arm64(tmp_path / "file")


def row(label, instructions, kernels, ratio=1.0):
    return InstructionRow(
        label=label,
        path=f"{label}.tflite",
        bytes=10,
        gzip_bytes=9,
        instructions=instructions,
        ratio=ratio,
        kernels=kernels,
        runtime="",
        sparse=False,
    )


def test_the_table_says_that_it_is_emulated_and_counts_no_time():
    rows = (
        row("dense", 9000, {"xnn_f32_gemm_ukernel": 8995, "(libc.so.6)": 5}),
        row("pruned", 3000, {"xnn_f32_spmm_ukernel": 2995, "(libc.so.6)": 5}, 3.0),
    )
    result = InstructionResult(rows=rows, cpu="cortex-a53", settings={"emulator": "QEMU 7.2"})
    console = Console(width=100)
    with console.capture() as captured:
        console.print(instructions_table(result))
    lines = [" ".join(line.split()) for line in captured.get().splitlines()]
    assert lines[0] == "cortex-a53, emulated: instructions, not time"
    assert "pruned 10 9 3,000 3.00x dense" in lines
    assert "xnn_f32_gemm_ukernel 8,995 \N{EN DASH}" in lines
    assert "(libc.so.6) 5 5" in lines


def test_a_result_is_ready_for_json():
    result = InstructionResult(rows=(row("dense", 1, {"k": 1}),), cpu="cortex-a53", settings={})
    assert result.to_dict()["rows"][0]["kernels"] == {"k": 1}
    assert result.to_dict()["kind"] == dataclasses.replace(result).kind


def test_every_version_of_litert_has_a_folder_of_its_own(no_setup):
    assert folder_of().parent == no_setup / "arm64"
    assert folder_of().name.startswith("ai-edge-litert-2.")
