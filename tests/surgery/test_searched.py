"""Widths by sensitivities: the least loss within a cost, in the order that was measured."""

import keras
import pytest

from tfprune.curves import Sensitivity, SensitivityCell
from tfprune.errors import PruneError
from tfprune.surgery import plan_structured

ORDER = (3, 1, 0, 2, 4, 5, 6, 7)


def two_layers():
    layers = [keras.layers.Dense(8, name="tough"), keras.layers.Dense(8, name="tender")]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1, name="head")])


def measured(**losses):
    """What each layer loses at half of its units and at a quarter."""
    cells = tuple(
        SensitivityCell(
            group=group,
            ratio=1 - width / 8,
            width=width,
            units=8,
            repaired=True,
            metrics={"loss": loss},
            seconds=0.0,
        )
        for group, found in losses.items()
        for width, loss in zip((4, 2), found, strict=True)
    )
    return Sensitivity(
        subject="net",
        metric="loss",
        dense={"loss": 0.0},
        cells=cells,
        order=dict.fromkeys(losses, ORDER),
        criterion="l2",
        samples=1,
        repair_samples=1,
    )


FOUND = measured(tough=(0.01, 0.02), tender=(0.5, 2.0))


def widths(plan):
    return [row.after for row in plan.rows]


@pytest.mark.parametrize("target", ["units", "params", "macs"])
def test_the_layer_that_loses_least_becomes_narrow(target):
    plan = plan_structured(two_layers(), 0.25, target=target, sensitivity=FOUND)
    tough, tender, _ = widths(plan)
    assert tough < tender == 8
    assert plan.rows[0].reason.startswith("loss +0.0")


def test_units_go_in_the_order_in_which_they_were_measured():
    plan = plan_structured(two_layers(), 0.25, sensitivity=FOUND, round_to=4)
    assert widths(plan) == [4, 8, 1]
    ids = plan.structure.groups[0].roots
    assert plan.kept.positions(ids).tolist() == [4, 5, 6, 7]


def test_a_cost_that_no_widths_reach_is_told_with_the_least():
    with pytest.raises(PruneError, match="is the least that any choice of widths can reach"):
        plan_structured(two_layers(), 0.8, sensitivity=FOUND, max_ratio=0.5)


def test_a_group_that_was_not_measured_stays_whole():
    plan = plan_structured(two_layers(), 0.25, sensitivity=measured(tough=(0.01, 0.02)))
    assert [row.reason for row in plan.rows][1] == "its sensitivity was not measured"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"ratio": {"tough": 0.5}}, "ratio by names"),
        ({"criterion": "l1"}, "criterion='l1'"),
        ({"scope": "global"}, "scope='global'"),
    ],
)
def test_what_has_nothing_to_say_is_refused(settings, found):
    with pytest.raises(PruneError, match=found):
        plan_structured(two_layers(), **{"ratio": 0.25, "sensitivity": FOUND, **settings})


@pytest.mark.parametrize(
    ("other", "found"),
    [(measured(stem=(0.1, 0.2)), "knows none"), (measured(head=(0.1, 0.2)), "knows none")],
    ids=["names", "output"],
)
def test_a_sensitivity_of_another_model_is_refused(other, found):
    with pytest.raises(PruneError, match=found):
        plan_structured(two_layers(), 0.25, sensitivity=other)
