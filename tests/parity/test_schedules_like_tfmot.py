"""Schedules: the same settings, the same sparsity and the same update steps as tfmot 0.8.1."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import tfprune

pytestmark = pytest.mark.tfmot

# initial_sparsity, final_sparsity, begin_step, end_step, power, frequency
POLYNOMIALS = [
    (0.0, 0.8, 0, 40, 3, 1),
    (0.5, 0.9, 7, 31, 3, 2),
    (0.25, 0.75, 3, 45, 3, 10),
    (0.1, 0.98, 1, 30, 1, 4),
    (0.0, 0.7, 0, 33, 2.5, 5),
    (0.9, 0.3, 0, 48, 4, 6),
    (0.0, 0.5, 0, 100),
]
# target_sparsity, begin_step, end_step, frequency
CONSTANTS = [
    (0.8, 0, -1, 1),
    (1 / 3, 5, -1, 3),
    (0.99, 10, 20, 5),
    (0.0, 4, 4, 7),
    (0.5, 0),
]
STEPS = range(121)


def table_of(schedule, integer):
    """Each step's (is it an update step, sparsity), for a step of this integer type."""
    import tensorflow as tf

    rows = [schedule(tf.constant(step, integer)) for step in STEPS]
    return [bool(due) for due, _ in rows], np.array([float(s) for _, s in rows], "float32")


def assert_same(ours, theirs):
    our_steps, our_values = table_of(ours, "int32")
    their_steps, their_values = table_of(theirs, "int64")
    assert our_steps == their_steps
    np.testing.assert_array_equal(our_values, their_values)


@pytest.mark.parametrize("arguments", POLYNOMIALS)
def test_polynomial_decay_is_bit_equal_to_tfmot(peer, arguments):
    assert_same(tfprune.PolynomialDecay(*arguments), peer.PolynomialDecay(*arguments))


@pytest.mark.parametrize("arguments", CONSTANTS)
def test_constant_sparsity_is_bit_equal_to_tfmot(peer, arguments):
    assert_same(tfprune.ConstantSparsity(*arguments), peer.ConstantSparsity(*arguments))


def test_the_arguments_have_the_names_and_the_order_of_tfmot(peer):
    for name in ("PolynomialDecay", "ConstantSparsity"):
        signatures = [inspect.signature(getattr(library, name)) for library in (tfprune, peer)]
        ours, theirs = [list(signature.parameters) for signature in signatures]
        assert ours == theirs


def test_a_decay_over_no_steps_is_an_error_where_tfmot_gives_nan(peer):
    _, sparsity = peer.PolynomialDecay(0.0, 0.5, begin_step=3, end_step=3)(3)
    assert np.isnan(sparsity)
    with pytest.raises(tfprune.PruneError, match="a decay needs end_step > begin_step"):
        tfprune.PolynomialDecay(0.0, 0.5, begin_step=3, end_step=3)
