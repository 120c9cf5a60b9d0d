import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfprune.allocate import SCOPES, Candidate, allocate, allocate_to

few_values = st.sampled_from([0.0, 0.1, 0.1, 0.3, 1.0, 1e-30, 1e30])


@st.composite
def candidates(draw, rounded=True):
    made = []
    for i in range(draw(st.integers(1, 5))):
        scores = draw(st.lists(few_values, min_size=1, max_size=12))
        step = draw(st.sampled_from([1, 2, 3, 8])) if rounded else 1
        least = draw(st.integers(1, 4))
        made.append(
            Candidate(
                name=f"c{i}",
                scores=np.array(scores),
                kind=i % 2,
                ratio=None,
                min_width=least,
                round_to=step,
            )
        )
    return made


ratios = st.floats(0, 0.9)
scopes = st.sampled_from(SCOPES)


@given(candidates(), ratios, scopes, st.booleans())
def test_widths_respect_every_limit_and_the_highest_scores_stay(made, ratio, scope, comparable):
    for c, kept in zip(made, allocate(made, ratio, scope, comparable), strict=True):
        assert kept.width == c.size or kept.width % c.round_to == 0
        assert kept.width >= min(c.size, c.min_width)
        assert kept.width >= c.size * 0.1 - 1e-9
        if kept.width < c.size:
            assert c.scores[kept.keep].min() >= c.scores[~kept.keep].max()
        assert kept.reason


@given(candidates(rounded=False), ratios)
def test_ranked_together_exactly_the_asked_number_goes_if_it_can(made, ratio):
    total = sum(c.size for c in made)
    room = sum(c.size - c.least(0.9)[0] for c in made)
    removed = total - sum(kept.width for kept in allocate(made, ratio, "global"))
    nearest = round(ratio * total - 1e-6)
    assert removed == min(max(nearest, 0), room)


@given(candidates(rounded=False), ratios, ratios, scopes)
def test_a_larger_ratio_removes_all_that_a_smaller_one_does(made, a, b, scope):
    little, much = (allocate(made, ratio, scope) for ratio in sorted((a, b)))
    assert all((s.keep | ~m.keep).all() for s, m in zip(little, much, strict=True))


@given(candidates(rounded=False), ratios)
def test_nothing_that_goes_ranks_above_what_stays_but_for_limits(made, ratio):
    results = allocate(made, ratio, "global")
    pairs = list(zip(made, results, strict=True))
    free = [c.scores[r.keep] for c, r in pairs if r.width > c.least(0.9)[0]]
    gone = [c.scores[~r.keep] for c, r in pairs]
    if free and sum(map(len, gone)):
        assert np.concatenate(gone).max() <= np.concatenate(free).min()


@given(candidates(), st.floats(0, 1), scopes)
def test_a_goal_that_can_be_reached_is_not_exceeded(made, share, scope):
    def cost(keeps):
        return float(sum(keep.sum() for keep in keeps))

    whole = cost([np.ones(c.size, bool) for c in made])
    least = cost([kept.keep for kept in allocate(made, 0.9, scope)])
    goal = least + share * (whole - least)
    assert cost([kept.keep for kept in allocate_to(made, cost, goal, scope)]) <= goal
