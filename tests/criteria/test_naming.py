import numpy as np
import pytest

from tests.criteria.models import group, member
from tfprune import PruneError
from tfprune.criteria import (
    FPGM,
    LAMP,
    BatchNormScale,
    Criterion,
    Magnitude,
    Random,
    Taylor,
    as_criterion,
)

GROUP = group(member([[1, 2, 3]]), name="conv1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("l1", Magnitude(p=1)),
        ("l2", Magnitude(p=2)),
        ("random", Random(0)),
        ("bn_scale", BatchNormScale()),
        ("fpgm", FPGM()),
        ("lamp", LAMP()),
    ],
)
def test_a_name_means_a_criterion(name, meant):
    assert as_criterion(name) == meant


def test_a_criterion_of_ours_stays_what_it_is():
    criterion = Taylor(None)
    assert as_criterion(criterion) is criterion


def test_a_function_of_a_group_is_a_criterion():
    criterion = as_criterion(lambda group: [5, 0, 7.5])
    assert isinstance(criterion, Criterion)
    assert not criterion.comparable
    (scores,) = criterion.scores(None, [GROUP])
    assert scores.dtype == np.float64
    assert scores.tolist() == [5, 0, 7.5]


def test_a_function_may_say_that_its_scores_can_be_compared():
    def energy(group):
        return np.ones(group.size)

    energy.comparable = True
    assert as_criterion(energy).comparable
    assert repr(as_criterion(energy)) == "energy"


class Abstains:
    unjudged = "it is Monday"

    def scores(self, model, groups):
        return [np.full(group.size, np.nan) for group in groups]


def test_a_criterion_of_the_users_own_may_decline_to_judge_a_group():
    criterion = as_criterion(Abstains())
    assert np.isnan(criterion.scores(None, [GROUP])[0]).all()
    assert criterion.unjudged == "it is Monday"


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ([1, 2], r"shape \(2,\)"),
        ([[1], [2], [3]], r"shape \(3, 1\)"),
        ([1, 2, -1], "NaN, infinite or negative"),
        ([1, np.nan, 2], "NaN, infinite or negative"),
        ([np.nan] * 3, "NaN, infinite or negative"),
        ([1, np.inf, 2], "NaN, infinite or negative"),
        (None, r"shape \(\)"),
        ("abc", "a str that is no array"),
    ],
)
def test_scores_of_a_function_that_do_not_fit_are_refused_by_name(scores, found):
    def mine(group):
        return scores

    with pytest.raises(PruneError, match=found) as error:
        as_criterion(mine).scores(None, [GROUP])
    assert error.value.asked == "score group 'conv1' by mine"


def test_a_criterion_must_judge_every_group():
    class Lazy:
        def scores(self, model, groups):
            return []

    with pytest.raises(PruneError, match="it returned 0 arrays"):
        as_criterion(Lazy()).scores(None, [GROUP])


@pytest.mark.parametrize(
    ("criterion", "fix"),
    [
        ("l3", "'l"),
        ("lmp", "'lamp'"),
        ("taylor", "give it as an object: tfprune.criteria.Taylor(data)"),
        ("tailor", "'taylor'"),
        (Taylor, "give an object: Taylor(data)"),
        (LAMP, "give an object: LAMP()"),
        (7, "tfprune.criteria.LAMP()"),
    ],
)
def test_what_is_no_criterion_is_refused_with_what_could_be_meant(criterion, fix):
    with pytest.raises(PruneError) as error:
        as_criterion(criterion)
    assert fix in error.value.fix
