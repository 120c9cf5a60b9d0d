import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfprune import ConstantSparsity, PolynomialDecay, PruneError


def updates(schedule, steps):
    return [step for step in steps if bool(schedule(step)[0])]


def test_polynomial_decay_rises_fast_and_ends_at_the_final_sparsity():
    schedule = PolynomialDecay(0.0, 0.8, begin_step=0, end_step=4, power=3, frequency=1)
    sparsities = [float(schedule(step)[1]) for step in range(6)]
    # 0.8 - 0.8 * (1 - t/4)^3
    assert sparsities == pytest.approx([0, 0.4625, 0.7, 0.7875, 0.8, 0.8])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ConstantSparsity(0.5, begin_step=2, frequency=3), [2, 5, 8, 11]),
        (ConstantSparsity(0.5, begin_step=2, end_step=8, frequency=3), [2, 5, 8]),
        (PolynomialDecay(0.0, 0.5, begin_step=0, end_step=10, frequency=4), [0, 4, 8]),
    ],
)
def test_masks_are_updated_every_frequency_steps_from_begin_to_end(schedule, expected):
    assert updates(schedule, range(13)) == expected


@pytest.mark.parametrize(("frequency", "last"), [(5, 10), (4, 8), (100, 0)])
def test_the_last_update_step_is_the_last_multiple_of_frequency(frequency, last):
    schedule = PolynomialDecay(0.0, 0.5, begin_step=0, end_step=10, frequency=frequency)
    assert schedule.last_update_step() == last


@given(
    st.floats(0, 0.99), st.floats(0, 0.99), st.integers(0, 1000), st.integers(1, 1000), st.data()
)
def test_sparsity_stays_between_its_ends(start, final, begin, length, data):
    schedule = PolynomialDecay(start, final, begin_step=begin, end_step=begin + length)
    step = data.draw(st.integers(0, 3000))
    sparsity = float(schedule(step)[1])
    assert min(start, final) - 1e-6 <= sparsity <= max(start, final) + 1e-6


def test_a_schedule_comes_back_from_its_config():
    schedule = PolynomialDecay(0.1, 0.8, begin_step=5, end_step=50, power=2, frequency=5)
    assert PolynomialDecay.from_config(schedule.get_config()) == schedule


def test_a_schedule_runs_inside_a_compiled_function():
    import tensorflow as tf

    schedule = ConstantSparsity(0.5, begin_step=0, frequency=2)
    due = tf.function(lambda step: schedule(step)[0])
    assert [bool(due(tf.constant(step))) for step in range(4)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: ConstantSparsity(1.0, 0), "below 1"),
        (lambda: ConstantSparsity(-0.1, 0), "at least 0"),
        (lambda: ConstantSparsity(0.5, -1), "begin_step must be 0 or more"),
        (lambda: ConstantSparsity(0.5, 0, frequency=0), "frequency must be 1 or more"),
        (lambda: ConstantSparsity(0.5, 10, end_step=5), "end_step lies before begin_step"),
        (lambda: PolynomialDecay(0.0, 0.8, 5, 5), "a decay needs end_step > begin_step"),
    ],
)
def test_settings_out_of_range_are_refused(make, found):
    with pytest.raises(PruneError) as error:
        make()
    assert found in error.value.found


def test_a_percentage_is_refused_with_the_share_it_means():
    with pytest.raises(PruneError, match=r"fix: use target_sparsity=0\.8"):
        ConstantSparsity(80, begin_step=0)


def test_sparsity_is_computed_in_float32():
    sparsity = ConstantSparsity(0.8, 0)(1)[1]
    assert np.asarray(sparsity).dtype == np.float32
