import itertools

import numpy as np
import pytest

from tfprune import PruneError
from tfprune.allocate import Allocation, Candidate, allocate, allocate_to


def one(scores, **settings):
    return Candidate(name="conv", scores=np.array(scores, float), **{"kind": "conv", **settings})


def kept(candidates, ratio, **settings):
    return ["".join(".x"[int(k)] for k in r.keep) for r in allocate(candidates, ratio, **settings)]


def test_locally_every_candidate_loses_the_same_share():
    assert kept([one([1, 4, 2, 3]), one([10, 40])], 0.5) == [".x.x", ".x"]


def test_globally_the_lowest_of_all_go():
    assert kept([one([1, 4, 2, 3]), one([10, 40])], 0.5, scope="global") == [".x..", "xx"]


def test_scores_that_cannot_be_compared_are_first_divided_by_their_mean():
    small, large = one([2, 4]), one([6, 10, 10, 10, 10])  # lowest as shares: 2/3 and 6/9.2
    assert kept([small, large], 1 / 7, scope="global") == [".x", "xxxxx"]
    assert kept([small, large], 1 / 7, scope="global", comparable=False) == ["xx", ".xxxx"]


def test_isomorphic_ranking_takes_the_same_share_of_each_kind():
    convs = [one([1, 3, 5]), one([2, 4, 6])]
    heads = [one([10, 30], kind="head"), one([20, 40], kind="head")]
    assert kept(convs + heads, 0.5, scope="isomorphic") == ["..x", ".xx", ".x", ".x"]
    assert kept(convs + heads, 0.5, scope="global") == ["..x", "..x", ".x", "xx"]


@pytest.mark.parametrize(
    ("ratio", "size", "removed"),
    [
        (0.5, 4, 2),
        (0.5, 5, 2),
        (0.3, 5, 1),
        (0.29, 100, 29),
        (0.1, 4, 0),
        (0.7, 5, 3),
        (0.9, 3, 2),
    ],
)
def test_the_number_removed_is_the_nearest_and_a_half_stays(ratio, size, removed):
    for scope in ("local", "global"):
        result = allocate([one(range(size))], ratio, scope, max_ratio=1)[0]
        assert size - result.width == removed


@pytest.mark.parametrize("scope", ["local", "global"])
def test_among_equals_the_earlier_unit_stays(scope):
    assert kept([one([1, 1, 1, 1])], 0.5, scope=scope) == ["xx.."]


def test_among_equals_the_earlier_candidate_stays():
    assert kept([one([1, 1]), one([1, 1])], 0.5, scope="global", max_ratio=0.5) == ["x.", "x."]
    assert kept([one([1, 1]), one([1, 1, 1])], 0.4, scope="global") == ["xx", "x.."]


@pytest.mark.parametrize(
    ("settings", "ratio", "width", "reason"),
    [
        ({}, 0.4, 12, "ratio 0.4"),
        ({"round_to": 8}, 0.4, 16, "ratio 0.4, rounded to a multiple of 8"),
        ({"round_to": 8}, 0.5, 8, "ratio 0.5, rounded to a multiple of 8"),
        ({"round_to": 8}, 0.9, 8, "one multiple of 8 stays"),
        ({"round_to": 8}, 0.05, 16, "ratio 0.05, rounded to a multiple of 8"),
        ({"round_to": 8}, 0.0, 20, "ratio 0"),
        ({"round_to": 32}, 0.5, 20, "narrower than round_to 32"),
        ({"min_width": 15}, 0.4, 15, "min_width 15"),
        ({"min_width": 15, "round_to": 8}, 0.4, 16, "ratio 0.4, rounded to a multiple of 8"),
        ({"min_width": 15, "round_to": 8}, 0.5, 16, "min_width 15"),
        ({"min_width": 17, "round_to": 8}, 0.4, 20, "min_width 17"),
        ({"min_width": 99}, 0.4, 20, "min_width 99"),
        ({"ratio": 0.2}, 0.4, 16, "its own ratio 0.2"),
        ({"ratio": 0.0}, 0.4, 20, "its own ratio 0"),
        ({"ratio": 0.95}, 0.4, 1, "its own ratio 0.95"),
    ],
)
def test_a_row_says_why_not_more_was_removed(settings, ratio, width, reason):
    result = allocate([one(range(20), **settings)], ratio)[0]
    assert (result.width, result.reason) == (width, reason)


def test_ranked_together_the_next_go_where_one_may_not_shrink():
    low, high = one([1, 2, 3, 4], min_width=3), one([5, 6, 7, 8])
    results = allocate([low, high], 0.5, "global")
    assert [r.width for r in results] == [3, 1]
    assert results[0].reason == "min_width 3"


def test_ranked_together_the_reason_is_the_cut():
    results = allocate([one([1, 2]), one([3, 4, 5, 6, 7, 8], round_to=2)], 0.35, "global")
    assert [r.width for r in results] == [1, 4]
    assert results[1].reason == "the rest rank above the cut, in multiples of 2"


def test_no_candidate_loses_more_than_max_ratio():
    results = allocate([one([1, 2, 3, 4]), one([5, 6, 7, 8])], 0.5, "global", max_ratio=0.5)
    assert [r.width for r in results] == [2, 2]
    assert results[0].reason == "max_ratio 0.5"


def test_ranked_together_units_go_in_blocks_that_leave_multiples():
    # blocks by mean score: 0 (1 unit), 1.5 (2 units), 5 (3 units)
    pair, triple = one([0, 1, 2, 3, 20], round_to=2), one([4, 5, 6, 8, 9, 10], round_to=3)
    assert kept([pair, triple], 5 / 11, scope="global") == ["...xx", "...xxx"]
    assert kept([pair, triple], 4 / 11, scope="global") == ["...xx", "xxxxxx"]


def test_a_candidate_without_scores_stays_whole_and_is_not_counted():
    results = allocate([one([np.nan] * 4), one([1, 2, 3, 4])], 0.5, "global")
    assert [r.width for r in results] == [4, 2]
    assert results[0].reason == "no scores"


def test_a_heavier_unit_fills_more_of_the_share():
    heads, neurons = one([1, 2], weight=4), one([3, 4, 5, 6, 7, 8, 9, 10])
    assert kept([heads, neurons], 0.5, scope="global") == [".x", "....xxxx"]


def test_scores_that_are_all_zero_rank_lowest_whatever_they_are_divided_by():
    candidates = [one([1, 2]), one([0, 0])]
    assert kept(candidates, 0.25, scope="global", comparable=False) == ["xx", "x."]


def test_the_mean_of_equal_scores_may_be_off_by_a_bit_but_blocks_keep_their_order():
    # np.mean([0.1] * 3) > np.mean([0.1] * 4); the block of 3 goes first, so that 8 stay
    assert allocate([one([0.1] * 11, round_to=4)], 4 / 11, "global")[0].width == 8


def macs(keeps):
    widths = [3, *(keep.sum() for keep in keeps)]
    return float(sum(a * b for a, b in itertools.pairwise(widths)))


@pytest.mark.parametrize("scope", ["local", "global", "isomorphic"])
def test_a_goal_is_reached_as_nearly_as_one_unit_allows(scope):
    rng = np.random.default_rng(0)
    candidates = [one(rng.random(n)) for n in (30, 37, 41)]
    results = allocate_to(candidates, macs, goal=1500, scope=scope)
    found = macs([r.keep for r in results])
    assert 1500 - 41 - 37 < found <= 1500


@pytest.mark.parametrize("goal", [9, 7, 2])
def test_a_goal_that_can_be_met_exactly_is(goal):
    kept = allocate_to([one(range(10))], lambda keeps: keeps[0].sum(), goal)
    assert kept[0].width == goal


def test_nothing_is_removed_if_the_goal_is_met_already():
    assert allocate_to([one([1, 2])], macs, goal=6)[0].keep.all()


def test_a_goal_that_cannot_be_reached_tells_the_least_cost():
    with pytest.raises(PruneError, match="from 12 down to 5") as error:
        allocate_to([one([1, 2, 3, 4], min_width=2)], macs, goal=5)
    assert "6 is the least" in error.value.found


def test_candidates_with_a_ratio_of_their_own_keep_it_on_the_way_to_a_goal():
    own, other = one([1, 2, 3, 4], ratio=0.25), one([1, 2, 3, 4])
    assert [r.width for r in allocate_to([own, other], macs, goal=16)] == [3, 2]


@pytest.mark.parametrize(
    ("make", "found", "fix"),
    [
        (lambda: allocate([], 1.0), "below 1", "0.4"),
        (lambda: allocate([], 40), "below 1", "write 0.4"),
        (lambda: allocate([], 0.95), "larger share than max_ratio", "max_ratio=0.95"),
        (lambda: allocate([], 0.5, "globl"), "no such scope", "use global"),
        (lambda: allocate([], 0.5, max_ratio=1.5), r"in (0, 1]", "0.9"),
        (lambda: one([1, 2], min_width=0), "at least 1", "min_width=1"),
        (lambda: one([1, 2], round_to=0), "at least 1", "round_to=1"),
        (lambda: one([1, 2], weight=0), "more than nothing", "weight=1"),
        (lambda: one([1, 2], ratio=-0.1), "at least 0", "0.4"),
        (lambda: one([]), "shape (0,)", "one score per unit"),
        (lambda: one([1, np.nan]), "NaN, infinite or negative", "NaN for all"),
        (lambda: one([1, -1]), "NaN, infinite or negative", "finite scores"),
    ],
)
def test_impossible_settings_are_refused(make, found, fix):
    with pytest.raises(PruneError) as error:
        make()
    assert found in error.value.found
    assert fix in error.value.fix


def test_a_result_knows_its_width():
    assert Allocation(np.array([True, False, True]), "").width == 2
