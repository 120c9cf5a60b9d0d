"""Masks: the same weights, sparsity and pattern, the same zeros as tfmot 0.8.1; and where not."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from tfprune import NM, Block

pytestmark = pytest.mark.tfmot

SHAPES = [(64, 48), (7, 5), (3, 3, 8, 16), (1, 1, 12, 6), (200,)]
SPARSITIES = [0.0, 0.1, 1 / 3, 0.5, 0.625, 2 / 3, 0.75, 0.8, 0.9, 0.99, 0.9999]


def random_weights(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def our_mask(pattern, weights, sparsity=None):
    mask = pattern.mask(ops.abs(np.asarray(weights, "float32")), sparsity)
    return ops.convert_to_numpy(mask).astype(int)


@pytest.mark.parametrize("sparsity", SPARSITIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_element_masks_equal_those_of_tfmot(peer_mask, shape, sparsity):
    weights = random_weights(shape)
    np.testing.assert_array_equal(
        our_mask(Block(), weights, sparsity), peer_mask(weights, sparsity)
    )


@pytest.mark.parametrize("size", [4, 5, 6, 10, 22, 50])
def test_the_kept_count_is_rounded_half_to_even_as_in_tfmot(peer_mask, size):
    weights = random_weights((size,))
    for sparsity in (0.25, 0.5, 0.75, 0.45, 0.05):
        kept = peer_mask(weights, sparsity).sum()
        assert our_mask(Block(), weights, sparsity).sum() == kept


@pytest.mark.parametrize("pooling", ["AVG", "MAX"])
@pytest.mark.parametrize(
    ("block", "shape"),
    [
        ((1, 2), (16, 12)),
        ((2, 2), (16, 12)),
        ((4, 1), (16, 12)),
        ((2, 4), (16, 12)),
        ((1, 16), (32, 64)),
        ((2, 2), (7, 5)),  # ragged on both axes
        ((3, 3), (11, 8)),  # ragged by one row and one column
        ((4, 1), (15, 6)),
    ],
)
def test_block_masks_equal_those_of_tfmot(peer_mask, block, shape, pooling):
    weights = random_weights(shape)
    for sparsity in (0.0, 0.3, 0.5, 0.8, 0.95):
        ours = our_mask(Block(block, pooling), weights, sparsity)
        np.testing.assert_array_equal(ours, peer_mask(weights, sparsity, block, pooling))


@pytest.mark.parametrize("m_by_n", [(2, 4), (1, 4), (2, 3), (3, 4), (1, 2)])
@pytest.mark.parametrize("shape", [(16, 6), (10, 7), (3, 3, 8, 4), (1, 1, 13, 5)])
def test_n_m_masks_equal_those_of_tfmot(peer_mask, m_by_n, shape):
    weights = random_weights(shape)
    ours = our_mask(NM(zeros=m_by_n[0], of=m_by_n[1]), weights)
    np.testing.assert_array_equal(ours, peer_mask(weights, m_by_n=m_by_n))


def test_n_m_ties_go_to_the_first_input_channel_as_in_tfmot(peer_mask):
    column = [[1.0], [1.0], [1.0], [1.0], [0.0], [2.0], [0.0]]
    expected = [1, 1, 0, 0, 1, 1, 0]
    assert our_mask(NM(zeros=2, of=4), column).ravel().tolist() == expected
    assert peer_mask(column, m_by_n=(2, 4)).ravel().tolist() == expected


def test_tfmot_keeps_every_tied_weight_and_tfprune_the_planned_count(peer_mask):
    weights = [3.0, -1.0, 1.0, 1.0, 0.5, -1.0, 1.0, 0.1]
    assert peer_mask(weights, 0.5).tolist() == [1, 1, 1, 1, 0, 1, 1, 0]
    assert our_mask(Block(), weights, 0.5).tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_tfmot_cannot_prune_equal_blocks_and_tfprune_keeps_the_first(peer_mask):
    weights = np.ones((2, 4))
    assert peer_mask(weights, 0.5, (1, 2)).tolist() == [[1, 1, 1, 1], [1, 1, 1, 1]]
    assert our_mask(Block((1, 2)), weights, 0.5).tolist() == [[1, 1, 1, 1], [0, 0, 0, 0]]


def test_tfmot_scores_ragged_blocks_on_shifted_windows_and_tfprune_on_the_blocks(peer_mask):
    """Four rows miss two to blocks of 3: tfmot pads one at each end, but masks from row 0 on."""
    weights = [[1.0, 0.1], [1.0, 0.1], [9.0, 0.1], [2.0, 0.1]]
    # tfmot: rows 2-3 score 5.5 and beat rows 0-1, and so row 3, the second block, survives.
    assert peer_mask(weights, 0.75, (3, 1))[:, 0].tolist() == [0, 0, 0, 1]
    # tfprune: rows 0-2, the first block, score 3.67 and beat row 3.
    assert our_mask(Block((3, 1)), weights, 0.75)[:, 0].tolist() == [1, 1, 1, 0]


def test_tfmot_cannot_block_a_kernel_with_one_column_and_tfprune_can(peer_mask):
    weights = [[1.0], [2.0], [5.0], [4.0]]
    with pytest.raises(ValueError, match="accepts tensors of rank 2 only"):
        peer_mask(weights, 0.5, (2, 1))
    assert our_mask(Block((2, 1)), weights, 0.5).ravel().tolist() == [0, 0, 1, 1]
