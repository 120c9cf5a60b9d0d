"""prune_layers: which blocks go, by name, score, number and ratio."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.depth.residual import X, chain, names, zeroed
from tfprune.depth import plan_layers, prune_layers
from tfprune.errors import PruneError


def test_a_block_whose_branch_is_zero_leaves_without_a_trace():
    model = chain(scales=(0.1, 0.0, 0.5))
    small = prune_layers(model, "add1")
    np.testing.assert_array_equal(small(X), model(X))
    assert names(small) == ["stem", "f0", "add0", "f2", "add2", "head"]


@pytest.mark.parametrize("block", [0, 1, 2])
def test_removing_a_block_is_multiplying_its_branch_by_zero(block):
    model = chain()
    small = prune_layers(model, f"add{block}")
    np.testing.assert_array_equal(small(X), zeroed(model, f"f{block}")(X))


def test_the_model_is_not_changed_and_shares_no_weights():
    model = chain()
    before = model.get_weights()
    small = prune_layers(model, ["add0", "add2"])
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    assert not {id(v) for v in small.variables} & {id(v) for v in model.variables}
    assert not small.compiled


@pytest.mark.parametrize("n", [3, 4])
def test_one_block_stays(n):
    with pytest.raises(PruneError, match="only 2 can go: one stays"):
        plan_layers(chain(), n=n, data=X)


def test_named_blocks_may_all_go_but_not_all_layers():
    assert names(prune_layers(chain(), "add*")) == ["stem", "head"]
    inputs = keras.Input((4,))
    bare = keras.Model(inputs, layers.Add(name="add")([inputs, layers.Dense(4)(inputs)]))
    with pytest.raises(PruneError, match="no layer with weights would be left"):
        prune_layers(bare, "add")


@pytest.mark.parametrize(
    ("ratio", "removed"), [(0.34, ("add0",)), (0.67, ("add0", "add2")), (0.99, ("add0", "add2"))]
)
def test_ratio_is_the_share_of_candidates_rounded_down(ratio, removed):
    assert plan_layers(chain(), ratio=ratio, data=X).removed == removed


@pytest.mark.parametrize("keep", ["add0", "f0", "*0"])
def test_kept_blocks_stay(keep):
    plan = plan_layers(chain(), n=1, data=X, keep=keep)
    assert plan.removed == ("add2",)
    assert plan.rows[0].reason == f"keep={keep!r}"


def test_among_named_blocks_the_lowest_go():
    plan = plan_layers(chain(), ["add1", "add2"], n=1, data=X)
    assert plan.removed == ("add2",)
    assert plan.rows[0].reason == "not named in layers="


def test_a_plan_is_a_table():
    assert str(plan_layers(chain(), n=1, data=X)).splitlines() == [
        "add0 [f0]: remove (score 0.004963): rank 1 of 3",
        "add1 [f1]: leave (score 0.5528): rank 3 of 3",
        "add2 [f2]: leave (score 0.1056): rank 2 of 3",
        "1 of 3 blocks of 'net' go",
    ]


def test_without_a_number_the_plan_lists_what_could_go():
    plan = plan_layers(chain())
    assert [row.reason for row in plan.rows] == ["can be removed"] * 3
    with pytest.raises(PruneError, match="the plan removes nothing"):
        plan.apply()


def test_any_named_layer_goes_if_its_shapes_agree():
    model = chain()
    small = prune_layers(model, "stem")
    assert names(small) == ["f0", "add0", "f1", "add1", "f2", "add2", "head"]
    with pytest.raises(PruneError) as error:
        prune_layers(model, "head")
    assert "float32 (None, 4), its output float32 (None, 2)" in error.value.found
    assert "add0, add1, add2" in error.value.fix


def test_a_layer_called_twice_is_bypassed_twice():
    inputs, shared = keras.Input((4,)), layers.Dense(4, name="shared")
    model = keras.Model(inputs, layers.Dense(2, name="head")(shared(shared(inputs))))
    small = prune_layers(model, "shared")
    np.testing.assert_array_equal(small(X), model.get_layer("head")(X))


def test_a_removed_layer_leaves_nothing_behind():
    small = prune_layers(chain(), "add1")
    reachable = {id(layer) for layer in small.layers}
    for layer in small.layers:
        assert {id(node.operation) for node in layer._outbound_nodes} <= reachable


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"n": 1}, "the data is missing"),
        ({"n": 1, "criterion": "loss", "data": X}, "not compiled with a loss"),
        ({"n": 1, "criterion": "loss", "loss": "mse", "data": X}, "the data has no targets"),
        ({"n": 1, "criterion": lambda *_: np.nan}, "score is not a number"),
        ({"n": 1, "criterion": "l1", "data": X}, "does not know it"),
        ({"n": 0, "data": X}, "at least one block"),
        ({"n": 1, "ratio": 0.5, "data": X}, "both say"),
        ({"ratio": 1.0, "data": X}, "ratio must be in"),
        ({"ratio": 0.1, "data": X}, "less than one of 3 candidates"),
        ({"layers": "nobody"}, "no layer has that name; the model has add0"),
        ({"layers": "add0", "keep": "nobody"}, "no layer has that name; the model has add0"),
        ({"layers": "add0", "keep": "f0"}, "both name 'add0'"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(arguments, found):
    with pytest.raises(PruneError, match=found):
        plan_layers(chain(), **arguments)


def test_a_subclassed_model_is_refused():
    class Custom(keras.Model):
        def call(self, x):
            return x

    model = Custom()
    model.build((None, 4))
    with pytest.raises(PruneError, match="its calls are code"):
        plan_layers(model)
