"""What every criterion promises, whatever its formula."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.criteria.models import IMAGES, LABELS, named, small_cnn
from tfprune import PruneError, criteria
from tfprune.criteria import Activation, Fisher, Relevance, Taylor, as_criterion

DATA = (IMAGES, LABELS)
_NO_PAPER = ("Criterion", "Random", "as_criterion")


def sum_of_first_kernel(group):
    kernel = group.members[0]
    return np.abs(np.moveaxis(np.asarray(kernel.variable), kernel.axis, 0)).sum((1, 2, 3))


@dataclass(frozen=True)
class Promise:
    """A criterion, and which of the promises that are not everybody's it makes."""

    make: Any
    dead_is_lowest: bool = True  # a unit all of whose weights are zero scores lowest
    equals_are_equal: bool = True  # units with equal weights score equally
    scale: float | None = None  # score's factor when the kernel that writes the units is doubled


ALL = {
    "l1": Promise(criteria.Magnitude(p=1), scale=2),
    "l2": Promise(criteria.Magnitude(p=2), scale=2),
    "l2 with readers": Promise(criteria.Magnitude(reads=True)),
    "random": Promise(criteria.Random(3), dead_is_lowest=False, equals_are_equal=False, scale=1),
    "bn_scale": Promise(criteria.BatchNormScale(), scale=1),
    "fpgm": Promise(criteria.FPGM(), dead_is_lowest=False, scale=2),
    "lamp": Promise(criteria.LAMP(), scale=1),
    "taylor": Promise(Taylor(DATA, batch_size=4)),
    "fisher": Promise(Fisher(DATA, batch_size=4)),
    "relevance": Promise(Relevance(IMAGES, batch_size=4)),
    "mean": Promise(Activation(IMAGES)),
    "apoz": Promise(Activation(DATA, "apoz")),
    "own function": Promise(as_criterion(sum_of_first_kernel), scale=2),
}
everyone = pytest.mark.parametrize("promise", ALL.values(), ids=ALL)


def those_that(promise):
    chosen = {name: p for name, p in ALL.items() if getattr(p, promise) not in (False, None)}
    return pytest.mark.parametrize("promise", chosen.values(), ids=chosen)


def scores_of_conv(promise, model):
    return promise.make.scores(model, [named(model, "conv1")])[0]


def convolutions(model):
    return [named(model, "conv1"), named(model, "conv3")]


def kill(model, group, unit):
    for m in group.members:
        values = np.asarray(m.variable).copy()
        np.moveaxis(values, m.axis, 0)[m.units == unit] = 0
        m.variable.assign(values)


@everyone
def test_one_finite_score_of_at_least_zero_per_unit(promise):
    model = small_cnn()
    groups = convolutions(model)
    found = promise.make.scores(model, groups)
    assert [s.shape for s in found] == [(5,), (4,)] == [(g.size,) for g in groups]
    assert all(s.dtype == np.float64 and np.isfinite(s).all() and s.min() >= 0 for s in found)
    assert len(np.unique(found[0])) > 1


@everyone
def test_the_same_model_gets_the_same_scores(promise):
    model = small_cnn()
    np.testing.assert_array_equal(scores_of_conv(promise, model), scores_of_conv(promise, model))


@everyone
def test_a_group_is_judged_alike_alone_and_among_others(promise):
    model = small_cnn()
    alone = [promise.make.scores(model, [group])[0] for group in convolutions(model)]
    for one, other in zip(alone, promise.make.scores(model, convolutions(model)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@everyone
def test_the_model_is_not_changed(promise):
    model = small_cnn(metrics=["accuracy"])
    model.evaluate(IMAGES, LABELS, verbose=0)
    model.get_layer("conv2").trainable = False
    state = [np.asarray(v) for v in (*model.variables, *model.metrics_variables)]
    flags = [v.trainable for v in model.variables]
    scores_of_conv(promise, model)
    after = [np.asarray(v) for v in (*model.variables, *model.metrics_variables)]
    assert all(map(np.array_equal, state, after)) and len(state) == len(after)
    assert flags == [v.trainable for v in model.variables]


@everyone
def test_it_has_a_name_a_reason_and_says_whether_its_scores_compare(promise):
    assert isinstance(promise.make.comparable, bool)
    assert isinstance(promise.make.unjudged, str)
    assert isinstance(promise.make, criteria.Criterion)


@those_that("dead_is_lowest")
def test_a_dead_unit_scores_zero(promise):
    model = small_cnn()
    kill(model, named(model, "conv1"), unit=3)
    scores = scores_of_conv(promise, model)
    assert scores[3] == pytest.approx(0, abs=1e-12) and scores.argmin() == 3


@those_that("equals_are_equal")
def test_units_with_equal_weights_score_equally(promise):
    model = small_cnn()
    for m in named(model, "conv1").members:
        values = np.asarray(m.variable).copy()
        seen = np.moveaxis(values, m.axis, 0)
        seen[m.units == 4] = seen[m.units == 0]
        m.variable.assign(values)
    scores = scores_of_conv(promise, model)
    assert scores[4] == pytest.approx(scores[0], rel=1e-4)


@those_that("equals_are_equal")
def test_scores_follow_their_units_when_the_units_change_places(promise):
    model, order = small_cnn(), [3, 0, 4, 1, 2]
    before = scores_of_conv(promise, model)
    for m in named(model, "conv1").members:
        m.variable.assign(np.take(np.asarray(m.variable), order, m.axis))
    np.testing.assert_allclose(scores_of_conv(promise, model), before[order], rtol=1e-4)


@those_that("scale")
def test_doubling_the_kernel_multiplies_the_scores_by_the_promised_factor(promise):
    model = small_cnn()
    group = named(model, "conv1")
    before = scores_of_conv(promise, model)
    for m in group.members:
        if m.role == "writes":
            m.variable.assign(2 * np.asarray(m.variable))
    np.testing.assert_allclose(scores_of_conv(promise, model), promise.scale * before, rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["l1", "l2", "bn_scale", "fpgm", "lamp", "taylor", "relevance", "mean"]
)
def test_weights_that_are_not_finite_are_refused(name):
    model = small_cnn()
    for variable in (*model.get_layer("conv1").weights, *model.get_layer("norm1").weights):
        variable.assign(np.full(variable.shape, np.nan))
    with pytest.raises(PruneError, match="NaN or infinite"):
        scores_of_conv(ALL[name], model)


@pytest.mark.parametrize("name", [n for n in criteria.__all__ if n not in _NO_PAPER])
def test_the_paper_is_named(name):
    assert "arXiv:" in getattr(criteria, name).__doc__
