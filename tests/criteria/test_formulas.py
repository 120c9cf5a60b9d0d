"""Each formula on numbers small enough to check by hand."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.criteria.models import group, member
from tfprune import PruneError
from tfprune.criteria import FPGM, LAMP, BatchNormScale, Magnitude, Random
from tfprune.criteria.filters import distances, lamp
from tfprune.criteria.pooling import filters


def scored(criterion, *members, **settings):
    return criterion.scores(None, [group(*members, **settings)])[0].tolist()


# columns are output channels
KERNEL = [[3, 1, 0], [-4, 1, 0]]


def test_l1_is_the_sum_and_l2_the_root_of_the_sum_of_squares():
    assert scored(Magnitude(p=1), member(KERNEL)) == [7, 2, 0]
    assert scored(Magnitude(p=2), member(KERNEL)) == pytest.approx([5, 2**0.5, 0])


def test_the_norm_is_that_of_all_kernels_of_the_group_together():
    assert scored(Magnitude(p=2), member(KERNEL), member([[12, 0, 2]])) == pytest.approx(
        [13, 2**0.5, 2]
    )


def test_biases_and_scales_do_not_count_and_readers_only_if_asked():
    reader = member([[0], [2], [3]], axis=0, role="reads")
    bias = member([9, 9, 9], name="bias")
    gamma = member([9, 9, 9], role="scales", name="gamma")
    members = member(KERNEL), bias, gamma, reader
    assert scored(Magnitude(p=1), *members) == [7, 2, 0]
    assert scored(Magnitude(p=1, reads=True), *members) == [7, 4, 3]


def test_a_unit_at_several_positions_counts_them_all_and_strangers_do_not_count():
    kernel = member([[1, 2, 4, 8, 16]], units=[0, 1, -1, 0, 1])
    assert scored(Magnitude(p=1), kernel) == [9, 18]


def test_any_axis_can_be_the_one_of_the_units():
    kernel = np.arange(24).reshape(2, 3, 4)
    for axis in range(3):
        expected = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1).sum(1)
        assert scored(Magnitude(p=1), member(kernel, axis=axis)) == expected.tolist()


def test_lamp_divides_by_the_energies_that_are_not_smaller():
    # energies 25, 2, 0 → 25/25, 2/27, 0/27
    assert scored(LAMP(), member(KERNEL)) == pytest.approx([1, 2 / 27, 0])
    # equal energies stand in each other's sum: 4/(4+4), 1/(1+4+4)
    assert scored(LAMP(), member([[2, 1, -2]])) == pytest.approx([0.5, 1 / 9, 0.5])
    assert scored(LAMP(), member([[0, 0]])) == [0, 0]


def test_fpgm_adds_the_distances_to_the_other_filters():
    # filters (3,-4), (1,1), (0,0)
    a, b, c = 29**0.5, 5.0, 2**0.5
    assert scored(FPGM(), member(KERNEL)) == pytest.approx([a + b, a + c, b + c])
    assert scored(FPGM(), member(KERNEL), member([[1, 1, 2]])) == pytest.approx(
        [a + b + 1, a + c + 1, b + c + 2]
    )


def test_a_filter_holds_all_slices_of_its_unit_in_order():
    kernel = member([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], units=[1, 0, -1, 0, 1])
    assert filters(kernel, 2).tolist() == [[2, 7, 4, 9], [1, 6, 5, 10]]
    uneven = member([[1, 2, 3]], units=[1, 0, 1])
    assert filters(uneven, 3).tolist() == [[2, 0], [1, 3], [0, 0]]


def norm_member(kind, values):
    layer = kind()
    layer.build((None, len(values)))
    layer.trainable_variables[0].assign(values)
    made = member(values, role="scales", layer=layer)
    made.variable = layer.trainable_variables[0]
    return made


def test_the_scale_is_the_absolute_gamma_summed_over_the_group():
    kinds = keras.layers.BatchNormalization, keras.layers.RMSNormalization
    first, second = (norm_member(kind, [1, -2, 0]) for kind in kinds)
    offset = member([9, 9, 9], role="scales", name="beta", layer=first.layer)
    assert scored(BatchNormScale(), first, offset) == [1, 2, 0]
    assert scored(BatchNormScale(), first, second) == [2, 4, 0]


@pytest.mark.parametrize(
    "criterion", [Magnitude(), FPGM(), LAMP(), BatchNormScale()], ids=lambda c: type(c).__name__
)
def test_a_group_that_cannot_be_judged_comes_back_as_nan_with_a_reason(criterion):
    bias = member([1, 2], name="bias", layer=keras.layers.Dense(2))
    assert np.isnan(scored(criterion, bias)).all()
    assert criterion.unjudged


def test_chance_depends_on_the_seed_and_the_name_only():
    one, other = (scored(Random(seed), member(KERNEL)) for seed in (1, 2))
    assert one == scored(Random(1), member([[5, 5, 5]])) != other
    assert one != scored(Random(1), member(KERNEL), name="another")


def test_the_order_of_a_norm_is_1_or_2():
    with pytest.raises(PruneError, match=r"asked: Magnitude\(p=3\)"):
        Magnitude(p=3)


matrices = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-9, 9)
)


@given(matrices)
def test_distances_are_those_of_the_definition(rows):
    expected = [sum(np.linalg.norm(a - b) for b in rows) for a in rows]
    np.testing.assert_allclose(distances(rows), expected, atol=1e-5)


@given(matrices)
def test_lamp_is_that_of_the_definition_and_keeps_the_order(rows):
    energies = (rows**2).sum(1)
    expected = [e / (energies[energies >= e].sum() or 1.0) for e in energies]
    np.testing.assert_allclose(lamp(energies), expected, rtol=1e-9)
    ranked = lamp(energies)[np.argsort(energies)]
    assert (np.diff(ranked) >= 0).all()
