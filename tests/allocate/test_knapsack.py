import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfprune.allocate import WidthCosts, knapsack
from tfprune.errors import PruneError

whole_numbers = st.integers(0, 9)


@st.composite
def problems(draw):
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))

    def numbers(*shape):
        return np.array(draw(st.lists(whole_numbers, min_size=9, max_size=9)), float)[
            : np.prod(shape)
        ].reshape(shape)

    losses, alone = ([numbers(size) for size in sizes] for _ in range(2))
    return losses, WidthCosts(1.0, alone, {(0, 1): numbers(sizes[0], sizes[1])})


@settings(max_examples=30)
@given(problems(), st.integers(1, 40))
def test_nothing_cheap_enough_loses_less(problem, goal):
    losses, costs = problem
    every = list(itertools.product(*(range(len(own)) for own in losses)))
    loss = {c: sum(own[k] for own, k in zip(losses, c, strict=True)) for c in every}
    allowed = [c for c in every if costs.of(c) <= goal]
    if not allowed:
        with pytest.raises(PruneError, match=f"{min(map(costs.of, every)):,.4g} is the least"):
            knapsack(losses, costs, goal)
        return
    chosen = tuple(knapsack(losses, costs, goal))
    assert chosen in allowed
    assert loss[chosen] <= 1.01 * min(loss[c] for c in allowed) + 1e-9


def test_a_pair_is_worth_more_than_its_parts():
    both = np.array([[16.0, 8.0], [8.0, 4.0]])
    losses = [np.array([0.0, 2.0]), np.array([0.0, 1.0])]
    costs = WidthCosts(0.0, [np.zeros(2), np.zeros(2)], {(0, 1): both})
    assert [knapsack(losses, costs, goal) for goal in (16, 8, 4)] == [[0, 0], [0, 1], [1, 1]]
