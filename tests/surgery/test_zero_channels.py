"""The zero-channel oracle on random graphs: shrinking equals forcing the removed units to zero."""

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channels.checks import check
from tests.surgery.models import STEPS, build

step = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 59))
recipes = st.lists(step, min_size=1, max_size=5)
ratios = st.sampled_from([0.25, 0.5, 0.75, 0.9])
seeds = st.integers(0, 2**16)


def oracle_holds(recipe, sequence, ratio, seed, saves):
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)
    check(build(recipe, sequence), ratio=ratio, seed=seed, saves=saves)


graphs = given(recipes, st.booleans(), ratios, seeds)
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=150, derandomize=True, **quiet)
@graphs
def test_a_smaller_graph_computes_what_the_one_with_zeros_computes(recipe, sequence, ratio, seed):
    oracle_holds(recipe, sequence, ratio, seed, saves=False)


@settings(max_examples=20, derandomize=True, **quiet)
@given(recipes, st.booleans(), ratios, seeds)
def test_a_smaller_graph_comes_back_from_its_file(recipe, sequence, ratio, seed):
    oracle_holds(recipe, sequence, ratio, seed, saves=True)


@pytest.mark.proof
@settings(max_examples=3000, **quiet)
@graphs
def test_thousands_of_graphs(recipe, sequence, ratio, seed):
    oracle_holds(recipe, sequence, ratio, seed, saves=seed % 10 == 0)
