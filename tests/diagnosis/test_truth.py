"""The doctor's verdicts against the real ARM64 LiteRT: a cross-section, and all of the table."""

import pytest

from proofs.doctor_outcome import Emulator, Outcome, hold
from proofs.doctor_truth import MODELS, PAGE, kept, outcomes, summary
from tests.emulation.conftest import ready

__all__ = ["ready"]

# What the doctor must say of it, and why it stands here.
CROSS_SECTION = {
    "head: GAP, Dense": "safe",  # the plain network
    "SE: keepdims, sigmoid": "safe",
    "SE: reshape, sigmoid": "safe",  # the converter folds the reshape into the mean
    "SE: reshape, hard sigmoid": "dense",
    "stem padded right and below": "dense",  # Keras' habit
    "size 112x112": "unsafe",  # a symmetric padding that the converter folds away
    "inside: max pooling": "unsafe",
    "inside: bilinear upsampling": "safe",
    "Normalization before the stem": "safe",
    "head: GAP keepdims, 1x1 convolution": "unsafe",
    "sparsity 66 %": "dense",
    "float16: small network": "safe",
    "dynamic: wide network": "unloadable",
    "two clusters, one hardly pruned": "safe",
}
WITHOUT_AVX = ("head: GAP, Dense", "inside: max pooling", "sparsity 66 %", "stem 'same'")


@pytest.fixture(scope="module")
def machine(ready):
    with Emulator("arm64") as machine:
        yield machine


@pytest.mark.parametrize("name", CROSS_SECTION)
def test_the_doctor_says_what_emulated_arm64_does(machine, tmp_path, name):
    outcome = hold(name, MODELS[name], machine, tmp_path)
    assert outcome.agrees, outcome
    assert outcome.verdict == CROSS_SECTION[name]


def test_the_page_holds_every_variant_and_no_disagreement():
    text = PAGE.read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()]
    assert [row for row in rows if row in MODELS] == list(MODELS) and len(MODELS) >= 400
    assert "**Disagreements: 0; called safe or dense, but wrong: 0.**" in text


@pytest.mark.proof
def test_the_doctor_says_what_emulated_arm64_does_with_every_variant(ready):
    found = list(outcomes(MODELS, folder=kept("arm64")))
    assert [outcome for outcome in found if not outcome.agrees] == []
    assert summary(found) in PAGE.read_text(encoding="utf-8")


@pytest.mark.proof
def test_x86_without_avx_does_the_same(ready):
    found = list(outcomes(WITHOUT_AVX, "x86-noavx"))
    assert [outcome for outcome in found if not outcome.agrees] == []


@pytest.mark.parametrize(
    ("happened", "agrees"),
    [
        ({"verdict": "safe", "sparse_expected": 2, "right": True, "sparse": 2}, True),
        ({"verdict": "safe", "sparse_expected": 2, "right": True, "sparse": 1}, False),
        ({"verdict": "safe", "sparse_expected": 2, "right": False}, False),
        ({"verdict": "dense", "right": True, "sparse": 0}, True),
        ({"verdict": "dense", "right": True, "sparse": 1}, False),
        ({"verdict": "dense", "right": True, "builtin": 1}, False),
        ({"verdict": "unsafe", "right": True}, False),
        ({"verdict": "unsafe", "right": False}, True),
        ({"verdict": "unsafe", "loads": False}, True),
        ({"verdict": "unloadable", "loads": False}, True),
        ({"verdict": "unloadable", "right": False}, False),
        ({"verdict": "unknown", "right": True}, True),
    ],
)
def test_what_counts_as_agreement(happened, agrees):
    defaults = {"rule": "", "sparse_expected": 0, "builtin_expected": 0, "loads": True}
    assert Outcome("a model", **{**defaults, **happened}).agrees == agrees
