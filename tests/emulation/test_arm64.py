"""The real aarch64 LiteRT under QEMU: right and wrong numbers, and what runs them."""

from __future__ import annotations

import json

import pytest

from tfprune import count_instructions, verify
from tfprune.emulation import setup_arm64
from tfprune.errors import VerificationError

pytestmark = pytest.mark.usefixtures("ready")


@pytest.fixture(scope="module")
def counted(ready, dense, sparse):
    return count_instructions([dense.path, sparse.path])


def kernels(row, part):
    return [name for name in row.kernels if part in name]


def test_a_sparse_file_computes_right_numbers_on_arm64(sparse):
    result = verify(sparse.model, sparse.path, target="arm64", samples=2)
    assert [(check.name, check.passed) for check in result.checks] == [
        ("outputs, ai-edge-litert with XNNPACK on arm64", True),
        ("outputs, ai-edge-litert without XNNPACK on arm64", True),
    ]
    assert (result.target, result.to_dict()["target"]) == ("arm64", "arm64")
    assert "cortex-a76" in result.how


def test_a_file_that_is_wrong_only_on_phones_is_caught_on_arm64(wrong_on_phones):
    pair = wrong_on_phones
    assert verify(pair.model, pair.path, samples=2).passed
    with pytest.raises(VerificationError, match="with XNNPACK on arm64") as caught:
        verify(pair.model, pair.path, target="arm64", samples=2)
    assert caught.value.fix == "only XNNPACK computes it wrongly: convert with sparse=False"


def test_x86_without_avx_shows_the_same_wrong_numbers(wrong_on_phones):
    pair = wrong_on_phones
    result = verify(pair.model, pair.path, target="x86-noavx", samples=2, raise_on_failure=False)
    assert [check.passed for check in result.checks] == [False, True]
    assert result.checks[0].max_rel_error > 0.1


def test_the_sparse_kernels_are_seen_by_name(counted):
    dense, sparse = counted.rows
    assert kernels(sparse, "f32_spmm") and not kernels(dense, "f32_spmm")
    assert kernels(dense, "f32_dwconv_") and kernels(sparse, "f32_dwconv2d_chw")


def test_the_first_file_is_the_baseline_and_kernels_add_up(counted):
    dense, sparse = counted.rows
    assert (dense.label, dense.ratio, dense.sparse, sparse.sparse) == ("dense", 1.0, False, True)
    assert sparse.ratio == dense.instructions / sparse.instructions > 1.5
    assert sum(sparse.kernels.values()) == sparse.instructions


def test_nearly_all_instructions_are_those_of_the_kernels(counted):
    for row in counted.rows:
        others = sum(count for name, count in row.kernels.items() if name.startswith("("))
        assert 0 < others < 0.1 * row.instructions


def test_a_dense_1x1_convolution_executes_what_its_size_says(counted):
    """4 multiply-adds in an instruction: 256 x 16 x 32 + 256 x 32 x 64 of them, loads besides."""
    [gemm] = [
        n
        for name, n in counted.rows[0].kernels.items()
        if "gemm_minmax_ukernel_6x8" in name and "igemm" not in name
    ]
    multiply_adds = 256 * 16 * 32 + 256 * 32 * 64
    assert multiply_adds / 4 < gemm < 2 * multiply_adds / 4


def test_counting_again_gives_the_same_count(counted, sparse):
    [again] = count_instructions(sparse.path).rows
    assert again.instructions == pytest.approx(counted.rows[1].instructions, rel=0.005)


def test_an_older_core_runs_its_own_kernels(run, dense):
    code, out, _ = run(
        "benchmark", dense.path, "--target", "arm64-emulated", "--cpu", "cortex-a53", "--json"
    )
    document = json.loads(out)
    assert (code, document["cpu"]) == (0, "cortex-a53")
    assert document["kind"] == "emulated: instructions, not time"
    assert any(name.endswith("cortex_a53_prfm") for name in document["rows"][0]["kernels"])


def test_setting_up_again_does_nothing(ready, run):
    record = ready.folder / "setup.json"
    before = record.stat().st_mtime_ns
    assert setup_arm64() == ready
    code, out, _ = run("setup-arm64", "--json")
    assert (code, json.loads(out)["litert"]) == (0, ready.litert)
    assert record.stat().st_mtime_ns == before
