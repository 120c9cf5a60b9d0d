import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfprune import NM, Block, PruneError
from tfprune.patterns import keep_highest


def mask(pattern, scores, sparsity=0.5):
    return np.asarray(pattern.mask(np.array(scores, "float32"), sparsity)).astype(int).tolist()


def test_the_smallest_weights_go_first():
    assert mask(Block(), [[4, 1], [2, 3]]) == [[1, 0], [0, 1]]


def test_among_equals_the_first_survive_so_that_the_count_is_exact():
    assert mask(Block(), [[1, 1], [1, 1]]) == [[1, 1], [0, 0]]
    assert mask(Block(), [[0, 0], [0, 0]], 0.75) == [[1, 0], [0, 0]]


def test_at_least_one_weight_survives():
    assert mask(Block(), [[1, 2, 3, 4]], 0.99) == [[0, 0, 0, 1]]


def test_a_block_of_two_output_channels_lives_by_its_mean_or_its_largest():
    scores = [[1, 3, 0, 5], [2, 2, 2.2, 2.2]]
    # means 2, 2.5, 2, 2.2; largest 3, 5, 2, 2.2
    assert mask(Block((1, 2), "AVG"), scores) == [[0, 0, 1, 1], [0, 0, 1, 1]]
    assert mask(Block((1, 2), "MAX"), scores) == [[1, 1, 1, 1], [0, 0, 0, 0]]


def test_blocks_at_a_ragged_edge_are_smaller():
    assert mask(Block((2, 2)), [[9, 9, 1], [9, 9, 1], [1, 1, 9]]) == [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 1],
    ]


def test_a_whole_filter_is_the_block_that_spans_the_other_axes():
    scores = np.ones((3, 3, 2, 4)) * [1, 4, 2, 3]
    kept = np.array(mask(Block((-1, -1, -1, 1)), scores))
    assert kept.min(axis=(0, 1, 2)).tolist() == kept.max(axis=(0, 1, 2)).tolist() == [0, 1, 0, 1]


def test_scores_below_zero_rank_below_zero():
    scores = [[-3, -1, -2], [-5, 2, -4]]
    assert mask(Block(), scores) == [[0, 1, 1], [0, 1, 0]]
    #  largest: -1, -2; 2, -4
    assert mask(Block((1, 2), "MAX"), scores) == [[1, 1, 0], [1, 1, 0]]
    assert mask(NM(zeros=1, of=2), scores) == [[1, 0, 1], [0, 1, 0]]


def test_two_zeros_in_every_four_input_channels():
    #                      input channels run down the rows
    assert mask(NM(zeros=2, of=4), [[1, 9], [2, 8], [3, 7], [4, 6]]) == [
        [0, 1],
        [0, 1],
        [1, 0],
        [1, 0],
    ]


def test_a_short_last_group_loses_what_exceeds_its_survivors():
    assert mask(NM(zeros=2, of=4), [[1], [2], [3], [4], [5], [6], [7]]) == [
        [0], [0], [1], [1], [0], [1], [1],
    ]  # fmt: skip


scores_of_any_shape = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6),
    elements=st.sampled_from([-(2.0**100), -1.0, -0.0, 0.0, 2.0**-100, 0.5, 1.0, 1.0, 2.0**100]),
)


@given(scores_of_any_shape, st.floats(0, 0.999))
def test_exactly_the_planned_count_survives_ties_included(scores, sparsity):
    kept = np.asarray(keep_highest(scores, sparsity))
    planned = max(1, int(np.round(np.float32(scores.size) * (1 - np.float32(sparsity)))))
    assert kept.sum() == planned
    if planned < scores.size:
        assert scores[kept].min() >= scores[~kept].max()


@given(scores_of_any_shape, st.floats(0, 0.9), st.sampled_from(["AVG", "MAX"]))
def test_members_of_a_block_share_their_fate(scores, sparsity, pooling):
    kept = np.asarray(Block((2, 2), pooling).mask(scores, sparsity))
    for i in range(0, kept.shape[-2], 2):
        for j in range(0, kept.shape[-1], 2):
            block = kept[..., i : i + 2, j : j + 2]
            assert (block.all(axis=(-1, -2)) | ~block.any(axis=(-1, -2))).all()


@pytest.mark.parametrize(
    ("pattern", "shape", "reason"),
    [
        (Block(), (3,), None),
        (Block((1, 2)), (3, 4), None),
        (Block((1, 2)), (3, 3, 8, 1), "larger than the last axes"),
        (Block((1, 2)), (4,), "more axes than the kernel"),
        (NM(2, 4), (8, 3), None),
        (NM(2, 4), (3, 8), "needs 4 input channels"),
        (NM(2, 4), (8,), "needs an input-channel axis"),
    ],
)
def test_a_pattern_says_why_it_does_not_fit_a_kernel(pattern, shape, reason):
    misfit = pattern.misfit(shape)
    assert misfit is None if reason is None else reason in misfit


@pytest.mark.parametrize(
    "make", [lambda: Block((0, 2)), lambda: Block(()), lambda: NM(4, 4), lambda: NM(0, 4)]
)
def test_impossible_patterns_are_refused(make):
    with pytest.raises(PruneError):
        make()


def test_a_pooling_that_does_not_exist_is_refused():
    with pytest.raises(PruneError, match="must be 'AVG' or 'MAX'"):
        Block((1, 2), "MEAN")


@pytest.mark.parametrize("pattern", [Block(), Block((1, 2), "MAX"), NM(2, 4)])
def test_a_pattern_is_the_same_in_a_compiled_function(pattern):
    import tensorflow as tf

    scores = np.random.default_rng(0).integers(0, 5, (8, 6)).astype("float32")
    compiled = tf.function(pattern.mask, jit_compile=True)(tf.constant(scores), tf.constant(0.6))
    assert np.array_equal(compiled, pattern.mask(scores, 0.6))
