"""The rules of a compression, one by one, without a model."""

import numpy as np
import pytest

import tfprune
from tfprune.compressing.feeding import load_samples, samples_of, save_samples, word_for
from tfprune.compressing.floor import Bar, bar_of
from tfprune.compressing.job import TriedFile, best_of
from tfprune.compressing.measuring import missed
from tfprune.compressing.notches import between, first_that, share_at
from tfprune.compressing.planning import ScoredOnce
from tfprune.errors import PruneError
from tfprune.evaluation.deciding_metric import lower_is_better
from tfprune.recipes import Budget, Floor

BAR = Bar(metric="accuracy", dense=0.9, least=0.89, lower=False)


def trial(name, accuracy, latency, over=None, verified=True, file_bytes=1.0):
    return TriedFile(
        network=name,
        path=name,
        keras_path=name,
        precision="float32",
        metrics={"accuracy": accuracy},
        usage={"latency": latency, "file_bytes": file_bytes},
        over=over or {},
        passed=accuracy >= BAR.least,
        verified=verified,
        verdict="dense",
    )


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ([trial("a", 0.9, 0.5), trial("b", 0.89, 0.4)], "b"),  # the fastest within the floor
        ([trial("a", 0.9, 0.5), trial("b", 0.9, 0.51, file_bytes=0.5)], "b"),  # as fast, smaller
        ([trial("a", 0.9, 0.5), trial("b", 0.9, 0.53, file_bytes=0.5)], "a"),  # slower
        ([trial("a", 0.9, 0.5), trial("b", 0.88, 0.1)], "a"),  # not one below it
        ([trial("a", 0.9, 0.5), trial("b", 0.9, 0.1, verified=False)], "a"),  # not a wrong one
        ([trial("a", 0.9, 1, {"latency": 2}), trial("b", 0.9, 0.6, {"latency": 1.2})], "b"),
        ([trial("a", 0.5, 0.5), trial("b", 0.6, 0.9)], "b"),  # all below: the most accurate
    ],
    ids=["fastest", "smaller", "slower", "floor", "right", "nearest", "best effort"],
)
def test_which_file_is_chosen(trials, best):
    assert best_of(trials, BAR).network == best


def test_the_floor_of_a_loss_is_above_the_dense_one():
    bar = bar_of(Floor(metric="loss", max_drop=0.1), {"loss": 0.5, "accuracy": 0.9})
    assert bar.passed({"loss": 0.59}) and not bar.passed({"loss": 0.61})
    assert bar.better({"loss": 0.4}, {"loss": 0.5}) and bar.drop({"loss": 0.6}) > 0


def test_a_metric_that_is_no_number_is_never_better():
    nan = {"accuracy": float("nan")}
    assert not BAR.better(nan, {"accuracy": 0.1}) and BAR.better({"accuracy": 0.1}, nan)


@pytest.mark.parametrize(
    "name", ["loss", "mae", "mse", "mean_squared_error", "rmse", "perplexity", "head_mae"]
)
def test_losses_and_errors_are_better_the_lower_they_are(name):
    assert lower_is_better(name)


@pytest.mark.parametrize("name", ["accuracy", "auc", "mean_io_u", "f1_score", "recall"])
def test_scores_are_better_the_higher_they_are(name):
    assert not lower_is_better(name)


def test_the_default_metric_is_the_first_that_is_no_loss():
    assert bar_of(Floor(), {"loss": 0.5, "auc": 0.9}).metric == "auc"


def test_an_unknown_cost_is_missed_by_infinity():
    assert missed(Budget(latency=0.5), {}) == {"latency": float("inf")}


def test_one_notch_leaves_nine_tenths_wherever_it_starts():
    assert share_at(1) == pytest.approx(0.9)
    assert between(3, 2) == pytest.approx(0.1)


def test_a_model_is_judged_once_for_plans_to_every_size(trained):
    asked = []

    class Widest:
        comparable, unjudged = True, ""

        def scores(self, model, groups):
            asked.append(len(groups))
            return [np.arange(group.size, dtype="float64") for group in groups]

    judge = ScoredOnce(Widest())
    plans = [tfprune.plan_structured(trained, ratio, judge) for ratio in (0.25, 0.5)]
    assert len(asked) == 1
    assert [str(plan) for plan in plans] == [
        str(tfprune.plan_structured(trained, ratio, Widest())) for ratio in (0.25, 0.5)
    ]


def test_few_notches_are_tried_to_find_the_first_that_fits():
    tried = []
    assert first_that(lambda notch: tried.append(notch) or notch >= 11) == 11
    assert len(tried) <= 6


def test_samples_come_from_all_of_data_that_is_sorted_by_class(trained, tmp_path):
    x = np.zeros((400, 6), "float32")
    y = np.repeat([0, 1, 2, 3], 100)
    batch, seen = samples_of((x, y), trained, 64, 0, "draw")
    assert seen == 400 and np.bincount(batch.targets).min() > 5
    save_samples(batch, tmp_path / "a.npz")
    inputs, targets, weights = load_samples(tmp_path / "a.npz", trained)
    assert inputs.shape == (64, 6) and weights is None
    np.testing.assert_array_equal(targets, batch.targets)


def test_data_is_told_apart_by_its_content(tmp_path):
    x = np.zeros((2, 3))
    assert word_for((x, x)) != word_for((x, x + 1))
    np.save(tmp_path / "a.npy", x)
    before = word_for(str(tmp_path / "a.npy"))
    np.save(tmp_path / "a.npy", x + 1)
    assert word_for(str(tmp_path / "a.npy")) != before


def test_nan_in_the_training_data_is_told(trained):
    x = np.full((4, 6), np.nan, "float32")
    with pytest.raises(PruneError, match="NaN"):
        samples_of((x, np.zeros(4)), trained, 2, 0, "compress")
