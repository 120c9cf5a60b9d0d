"""What labels are to outputs; how far chance moves a share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfprune.evaluation import wilson
from tfprune.evaluation.classes import ClassCounts
from tfprune.evaluation.deciding import task_of

SOFT = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], "float32")
CASES = {
    "numbers of classes": (np.array([2, 0]), SOFT, "sparse"),
    "a column of them": (np.array([[2], [0]]), SOFT, "sparse"),
    "floats from a CSV": (np.array([2.0, 0.0]), SOFT, "sparse"),
    "a class for each position": (np.zeros((1, 2), int), SOFT[None], "sparse"),
    "one-hot": (np.eye(3)[[2, 0]], SOFT, "one-hot"),
    "several labels each": (np.array([[1, 1, 0], [0, 1, 0]]), SOFT, "binary"),
    "yes or no": (np.array([0, 1]), SOFT[:, :1], "binary"),
    "booleans": (np.array([False, True]), SOFT[:, :1], "binary"),
    "classes on both sides": (np.array([2, 0]), np.array([2, 1]), "integers"),
    "smoothed labels": (np.array([[0.1, 0.9], [0.8, 0.2]]), SOFT[:, :2], "numbers"),
    "counts": (np.array([[3], [7]]), SOFT[:, :1], "numbers"),
    "not a number": (np.array([[np.nan], [1]]), SOFT[:, :1], "numbers"),
}


@pytest.mark.parametrize("case", CASES)
def test_labels_and_outputs_say_what_they_are_to_each_other(case):
    labels, outputs, kind = CASES[case]
    assert task_of(labels, outputs).kind == kind


def test_scores_outside_of_0_and_1_are_logits():
    task = task_of(np.array([0, 1, 1]), np.array([[-2.0], [3.0], [np.nan]]))
    assert task.threshold == 0.0
    assert task.decide(np.array([0, 1, 1]), np.array([[-2.0], [3.0], [np.nan]]))[1].tolist() == [
        *(0, 1, -1)
    ]


def test_wilson_is_what_the_paper_gives():
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, score method without continuity
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_share_and_stays_a_share(samples, draw):
    right = draw.draw(st.integers(0, samples))
    low, high = wilson(right, samples)
    assert 0 <= low <= right / samples + 1e-12 and right / samples - 1e-12 <= high <= 1


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1))
def test_no_sample_is_lost_or_counted_twice(pairs):
    labels, decided = map(np.array, zip(*pairs, strict=True))
    counter = ClassCounts(5)
    counter.add(labels, decided)
    assert counter.samples == len(pairs)
    assert counter.right == int((labels == decided).sum())
    assert sum(row.predicted for row in counter.rows("", None)) == int((decided >= 0).sum())
