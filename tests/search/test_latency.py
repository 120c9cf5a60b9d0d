"""A latency table, the costs that follow from it, and plans that keep within them."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tfprune
from tests.search.networks import compiled, images, residual, separable
from tests.surgery.models import STEPS, build
from tfprune.channels import trace
from tfprune.curves import LatencyTable, OpTimes
from tfprune.errors import PruneError
from tfprune.surgery.costs import Costs
from tfprune.surgery.sides import OpCalls
from tfprune.surgery.width_costs import TableCosts


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return compiled(separable())


@pytest.fixture(scope="module")
def table(model):
    """A real visit to this machine: three conversions of the model, 15 small files."""
    return tfprune.latency_table(model, round_to=4, widths=2)


def groups_of(structure):
    return [group for group in structure.groups if group.kept_whole is None]


def by_hand(structure, cost):
    """A table as if each op took what a function of its channels says."""
    ops = []
    for call in OpCalls(structure, groups_of(structure)).calls:
        sides = [
            tuple(sorted({max(1, len(s.ids) // 4), len(s.ids)})) for s in (call.reads, call.writes)
        ]
        times = tuple(tuple(cost(r, w) for w in sides[1]) for r in sides[0])
        ops.append(OpTimes(op=call.name, reads=sides[0], writes=sides[1], times=times))
    about = {"target": "host", "device": "", "unit": "ms", "precision": "float32", "threads": 1}
    return LatencyTable(subject="net", ops=tuple(ops), round_to=1, files=0, **about)


def test_a_table_has_a_row_for_each_call_of_a_layer_with_weights(table):
    assert [(op.op, op.reads, op.writes) for op in table.ops] == [
        ("expand", (0,), (4, 16)),
        ("depthwise", (4, 16), (0,)),
        ("project", (4, 16), (4, 8)),
        ("head", (4, 8), (3,)),
    ]
    assert all(time > 0 for op in table.ops for row in op.times for time in row)
    assert table.files == 2 + 2 + 4 + 2
    assert table.whole[0].name == "dense"


def test_files_that_are_the_same_are_made_once():
    image = keras.Input((4, 4, 8))
    x = image
    for _ in range(3):
        x = keras.layers.Conv2D(8, 1)(x)
    model = keras.Model(image, keras.layers.Flatten()(x))
    assert tfprune.latency_table(model, round_to=4, widths=2).files < 3 * 4


def test_a_plan_keeps_within_the_latency_that_the_table_predicts(model, table):
    flat = by_hand(trace(model), lambda r, w: (r + 1.0) * (w + 1))
    found = tfprune.sensitivity(model, images(), ratios=[0.5], samples=60, repair_samples=30)
    plan = tfprune.plan_structured(model, 0.5, target="latency", latency=flat, sensitivity=found)
    costs = TableCosts(plan.structure, groups_of(plan.structure), flat)
    whole = plan.structure.kept([np.ones(g.size, bool) for g in plan.structure.groups])
    assert 0 < costs.of(plan.kept) <= 0.5 * costs.of(whole)
    # without sensitivities the criterion's ranking goes as far as the same goal
    ranked = tfprune.plan_structured(
        model, 0.5, target="latency", latency=flat, scope="global", criterion="l1"
    )
    assert costs.of(ranked.kept) <= 0.5 * costs.of(whole)


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 7)), max_size=4))
def test_costs_by_widths_are_those_of_the_units_that_stay(recipe):
    structure = trace(build(recipe))
    groups = groups_of(structure)
    if not groups:
        return
    costs = Costs(structure, None, groups)
    widths = [[group.size, max(1, group.size // 2), 1] for group in groups]
    for target, choice in itertools.product(("units", "params"), (0, 1, 2)):
        kept = structure.kept(kept_units(structure, groups, [w[choice] for w in widths]))
        by_widths = costs.by_widths(target, widths).of([choice] * len(groups))
        assert by_widths == pytest.approx(costs.of(target, kept), rel=0.02, abs=2)


def kept_units(structure, groups, widths):
    width = {id(group): w for group, w in zip(groups, widths, strict=True)}
    return [np.arange(g.size) < width.get(id(g), g.size) for g in structure.groups]


@pytest.mark.parametrize("network", [residual, separable])
def test_a_table_by_widths_says_what_it_says_of_the_units_that_stay(network):
    structure = trace(network())
    groups = groups_of(structure)
    table = by_hand(structure, lambda r, w: 2.0 + 3 * r + 5 * w + r * w)
    costs = TableCosts(structure, groups, table)
    widths = [[g.size, g.size // 2] for g in groups]
    by_widths = costs.by_widths(widths)
    for choice in itertools.product((0, 1), repeat=len(groups)):
        chosen = [w[k] for w, k in zip(widths, choice, strict=True)]
        kept = structure.kept(kept_units(structure, groups, chosen))
        assert by_widths.of(choice) == pytest.approx(costs.of(kept))


def test_a_side_that_two_groups_make_lies_on_a_plane_through_the_corners():
    image = keras.Input((4, 4, 3))
    both = [keras.layers.Conv2D(8, 1, name=name)(image) for name in ("left", "right")]
    x = keras.layers.Conv2D(8, 1, name="after")(keras.layers.Concatenate()(both))
    structure = trace(keras.Model(image, keras.layers.GlobalAveragePooling2D()(x)))
    groups = groups_of(structure)
    costs = TableCosts(structure, groups, by_hand(structure, lambda r, w: 7.0 + r * w))
    by_widths = costs.by_widths([[8, 4]] * len(groups))
    for choice in ([0, 0], [1, 0], [0, 1], [1, 1]):
        kept = structure.kept(kept_units(structure, groups, [(8, 4)[k] for k in choice]))
        assert by_widths.of(choice) == pytest.approx(costs.of(kept))


def test_a_table_of_another_model_is_refused(model):
    other = by_hand(trace(residual()), lambda r, w: 1.0)
    with pytest.raises(PruneError, match="measure a table of this model"):
        tfprune.plan_structured(model, 0.5, target="latency", latency=other)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"target": "latency"}, "the table is missing"),
        ({"target": "macs", "latency": "table"}, "the target needs no table"),
    ],
)
def test_target_and_table_go_together(model, table, asked, found):
    given_table = {"latency": table} if "latency" in asked else {}
    with pytest.raises(PruneError, match=found):
        tfprune.plan_structured(model, 0.5, **{**asked, **given_table})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"target": "fone"}, "there is no such target"),
        ({"precision": "int9"}, "near is int8"),
        ({"widths": 1}, "it is at least 2"),
        ({"keep": ["expand", "project"]}, "no group of units may lose any"),
    ],
)
def test_what_no_table_can_be_made_of_is_said(model, asked, found):
    with pytest.raises(PruneError, match=found):
        tfprune.latency_table(model, **asked)


def test_a_model_with_open_sizes_has_no_latency():
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 1)(keras.layers.Conv2D(8, 1)(image))
    with pytest.raises(PruneError, match="leaves sizes open"):
        tfprune.latency_table(keras.Model(image, x))
