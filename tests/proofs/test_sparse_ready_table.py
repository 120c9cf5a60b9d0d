from dataclasses import replace

import pytest

from proofs.sparse_ready import Row, page, passes

ROW = Row(
    model="MobileNetV2",
    size=224,
    zeros="single weights",
    sparsity=0.9,
    exact=0,
    shifts=5,
    dense_bytes=14_000_000,
    bytes=6_700_000,
    dense=120_000_000,
    instructions=40_000_000,
    sparse=10_000_000,
    error=2e-6,
    right=True,
)


def test_a_row_says_how_many_times_fewer_instructions():
    assert (
        "| MobileNetV2 | 224 | single weights | 0, 5 | 14.0 → 6.7 | 120 → 40 | **3.00x** | 25% "
        "| 2e-06 | yes |"
    ) in page([ROW])


@pytest.mark.parametrize(
    "change", [{"right": False}, {"sparse": 0}, {"instructions": 50_000_000}], ids=str
)
def test_a_network_that_runs_dense_wrong_or_not_fast_enough_fails(change):
    assert passes(ROW) and not passes(replace(ROW, **change))
