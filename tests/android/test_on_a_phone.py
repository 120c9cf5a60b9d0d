"""The real road: adb, a phone, and LiteRT on it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.android.conftest import BUNDLE, QUICK, enter, needs_phone
from tests.android.phone import Phone
from tfprune.android import benchmark_android

pytestmark = [
    needs_phone,
    pytest.mark.android,
]


@pytest.fixture(scope="module")
def result(module_phone, dense, int8):
    with pytest.MonkeyPatch.context() as patch:
        enter(module_phone, patch)
        return benchmark_android(
            {"dense": dense, "int8": int8}, runs=7, rounds=3, runtime="ai-edge-litert", per_op=True
        )


def test_outputs_are_those_of_this_machine(result):
    for row in result.rows:
        [check] = row.checks
        assert check.passed and check.max_rel_error <= 1e-6


def test_every_number_is_there_and_in_order(result):
    for row in result.rows:
        assert 0 < row.min_ms <= row.p10_ms <= row.median_ms <= row.p90_ms
        assert row.first_ms > 0 and row.load_ms > 0 and row.peak_memory_bytes > 0
        assert row.runs == 7 and row.delegate == "XNNPACK, every op"


def test_the_first_model_is_the_baseline(result):
    dense, int8 = result.rows
    assert (dense.label, dense.ratio) == ("dense", 1.0)
    assert int8.ratio_low <= int8.ratio <= int8.ratio_high


def test_each_op_is_timed_by_its_kernel(result):
    names = [op.name for op in result.rows[0].per_op]
    assert names[0].startswith("Convolution (NHWC, F32)")
    assert names[-1].startswith("Fully Connected (NC, F32)")


def test_the_phone_is_described(result):
    told = {name: result.host[name] for name in ("manufacturer", "model", "soc", "android", "abi")}
    assert told == {
        "manufacturer": "Debian",
        "model": "Test phone",
        "soc": "Bookworm TX1",
        "android": "14",
        "abi": "x86_64",
    }
    assert result.host["cores"] == [{"core": 0, "max_mhz": 2850, "part": None}]
    assert result.host["before"] == {
        "battery": 81,
        "charging": "discharging",
        "battery_celsius": 27.6,
        "thermal": "none",
    }
    assert result.host["after"] == result.host["before"]


WARMS_UP = """#!/bin/sh
[ "$1" = thermalservice ] || exit 1
echo "Thermal Status: $(cat /etc/warm)"
echo 3 > /etc/warm
"""


def test_a_phone_that_got_warm_is_noted(monkeypatch, run, dense):
    with Phone() as phone:
        enter(phone, monkeypatch)
        (phone.root / "etc/warm").write_text("0")
        phone.program("dumpsys", WARMS_UP)
        code, out, _ = run(dense, *BUNDLE, *QUICK)
    told = " ".join(out.split())
    assert code == 0 and "before: thermal: none after: thermal: severe" in told
    assert "note: phone: thermal state none before, severe after: it may have slowed" in told


def test_where_googles_build_does_not_start_the_bundle_runs_and_a_note_says_so(phone, run, dense):
    code, out, _ = run(dense, *QUICK, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["settings"]["runtime"].startswith("ai-edge-litert ")
    [note] = document["notes"]
    assert note["subject"] == "Google's LiteRT for Android"
    assert "does not start on this phone" in note["reason"]


def test_a_profile_holds_the_ops_and_the_phone(phone, run, dense, tmp_path):
    code, _, _ = run(dense, *BUNDLE, *QUICK, "--save-profile", tmp_path / "phone.json")
    profile = json.loads((tmp_path / "phone.json").read_text())
    assert (code, profile["device"]["model"]) == (0, "Test phone")
    [model] = profile["models"]
    assert len(model["sha256"]) == 64
    assert all(op["median_us"] >= op["min_us"] >= 0 for op in model["ops"])


def test_the_table_says_who_what_and_whether_it_is_right(phone, run, dense, int8):
    code, out, _ = run(dense, int8, *BUNDLE, *QUICK, "--cpu-mask", "1", "--threads", "2")
    assert code == 0
    for words in ("latency on Debian Test phone", "equal", "1 x 2850 MHz", "--cpu-mask: 1"):
        assert words in " ".join(out.split())  # lines break where the words before them end


def test_own_inputs_reach_the_phone(phone, dense):
    picture = np.full((1, 16, 16, 3), 0.5, "float32")
    first = benchmark_android(
        dense, inputs={"image": picture}, runs=2, rounds=1, warmup=0, runtime="ai-edge-litert"
    )
    assert first.passed and first.settings["inputs"] == "given"


def test_several_inputs_and_outputs_go_by_their_names(phone, several):
    result = benchmark_android(several, runs=2, rounds=1, warmup=0, runtime="ai-edge-litert")
    [row] = result.rows
    assert sorted(check.name for check in row.checks) == ["b", "z"]
    assert all(check.passed and check.max_abs_error < 1e-6 for check in row.checks)


def test_builtin_kernels_run_too(phone, dense):
    result = benchmark_android(
        dense, xnnpack=False, runs=2, rounds=1, warmup=0, runtime="ai-edge-litert"
    )
    assert result.rows[0].delegate == "builtin kernels"


def test_of_two_phones_one_is_named(monkeypatch, run, dense):
    with Phone(count=2) as two:
        enter(two, monkeypatch)
        code, _, err = run(dense, *BUNDLE)
        assert (code, "adb sees 2 phones" in err) == (1, True)
        assert f"--serial {two.serials[0]}" in err
        code, out, _ = run(dense, *BUNDLE, *QUICK, "--serial", two.serials[1], "--json")
        assert (code, json.loads(out)["host"]["serial"]) == (0, two.serials[1])
        assert two.files() == []
