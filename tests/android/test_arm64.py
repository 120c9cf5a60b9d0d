"""A phone that runs ARM64 programs, as real ones do: by QEMU."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf

from tests.android.conftest import BUNDLE, QUICK
from tests.android.phone import Phone, why_not_emulated
from tests.emulation.conftest import build, four_fifths_zero
from tfprune import convert
from tfprune.android import benchmark_android
from tfprune.errors import VerificationError

REASON = why_not_emulated()
pytestmark = [
    pytest.mark.skipif(bool(REASON), reason=f"no emulated phone: {REASON}"),
    pytest.mark.android,
    pytest.mark.proof,
]


@pytest.fixture(scope="module")
def module_phone():
    with Phone(abilist="arm64-v8a,armeabi-v7a", emulated=True) as phone:
        yield phone


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    path = tmp_path_factory.mktemp("arm64") / "sparse.tflite"
    result = convert(four_fifths_zero(build()), path)
    assert result.sparse
    return result.path


@pytest.fixture(scope="module")
def wrong_on_phones(tmp_path_factory):
    """A max pooling inside the sparse cluster, forced past the check that `convert` makes."""
    model = four_fifths_zero(build(pool_inside=True))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    path = tmp_path_factory.mktemp("arm64") / "wrong.tflite"
    path.write_bytes(converter.convert())
    return str(path)


def test_outputs_are_those_of_this_machine(phone, dense, int8):
    result = benchmark_android([dense, int8], runs=2, rounds=2, warmup=0, runtime="ai-edge-litert")
    assert result.host["abi"] == "arm64-v8a" and result.host["cores"][0]["part"] == "0xd0b"
    assert [row.checks[0].max_rel_error < 1e-5 for row in result.rows] == [True, True]


def test_a_sparse_file_runs_with_sparse_kernels(phone, sparse):
    result = benchmark_android(
        sparse, runs=2, rounds=1, warmup=0, runtime="ai-edge-litert", per_op=True
    )
    assert result.passed
    assert any("SPMM" in op.name.upper() for op in result.rows[0].per_op)


def test_wrong_outputs_are_an_error(phone, run, wrong_on_phones):
    with pytest.raises(VerificationError, match="on the phone") as caught:
        benchmark_android(wrong_on_phones, runs=2, rounds=1, warmup=0, runtime="ai-edge-litert")
    assert "tfprune doctor" in caught.value.fix
    code, out, err = run(wrong_on_phones, *BUNDLE, *QUICK)
    assert (code, "DIFFER" in out, "found: it is not this machine's" in err) == (1, True, True)


def test_googles_build_is_tried_first_and_falls_back(phone, run, dense):
    """The test phone has no /system/bin/linker64, so that its own linker is where this ends."""
    code, out, _ = run(dense, *QUICK, "--json")
    [note] = json.loads(out)["notes"]
    assert code == 0
    assert note["subject"] == "Google's LiteRT for Android" and "linker64" in note["reason"]
