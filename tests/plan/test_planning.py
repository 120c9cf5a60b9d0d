import keras
import pytest
from keras import layers

from tfprune import Block, ConstantSparsity, PruneError, Rule, plan_pruning

LOW, HIGH = (Rule(ConstantSparsity(s, begin_step=0)) for s in (0.3, 0.9))


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            layers.Conv2D(6, 1, name="block_1"),
            layers.DepthwiseConv2D(3, name="depth"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, name="head"),
        ]
    )


def test_a_plan_has_a_row_for_each_kernel(model):
    assert str(plan_pruning(model, ConstantSparsity(0.8, 0), block_size=(1, 2))) == (
        "block_1/kernel (1, 1, 4, 6): prune to 0.8 in blocks of (1, 2) (default rule)\n"
        "depth/kernel (3, 3, 6, 1): leave alone (depthwise: few weights, and no mobile runtime "
        "skips their zeros; give it a rule of its own to prune it all the same)\n"
        "head/kernel (6, 10): prune to 0.8 in blocks of (1, 2) (default rule)"
    )


def is_wide(layer):
    return layer.name == "head"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"head": HIGH}, HIGH),
        ({"he*": HIGH}, HIGH),
        ({"head/kernel": HIGH}, HIGH),
        ({layers.Dense: HIGH}, HIGH),
        ({is_wide: HIGH}, HIGH),
        ({"head": None}, None),
        # an exact name beats a glob, a glob a type, a type a predicate
        ({"h*": LOW, "head": HIGH}, HIGH),
        ({layers.Dense: LOW, "h*": HIGH}, HIGH),
        ({is_wide: LOW, layers.Dense: HIGH}, HIGH),
    ],
)
def test_rules_select_by_name_glob_type_or_predicate(model, rules, expected):
    plan = plan_pruning(model, rules=rules)
    assert plan.rule_of("head/kernel") == expected
    assert plan.rule_of("block_1/kernel") == Rule()


def test_a_depthwise_kernel_with_a_rule_of_its_own_is_pruned(model):
    assert plan_pruning(model, rules={"depth": HIGH}).rule_of("depth/kernel") == HIGH


def test_a_kernel_too_small_for_the_block_is_left_alone_with_the_reason(model):
    (row,) = [
        r for r in plan_pruning(model, block_size=(1, 8)).rows if r.kernel == "block_1/kernel"
    ]
    assert row.rule is None
    assert row.reason == "block (1, 8) is larger than the last axes of the kernel (1, 1, 4, 6)"


def test_a_rule_asked_for_by_name_must_fit(model):
    wide = Rule(ConstantSparsity(0.5, 0), Block((1, 8)))
    with pytest.raises(PruneError, match="larger than the last axes"):
        plan_pruning(model, rules={"block_1": wide})


class Unknown(layers.Layer):
    def build(self, shape):
        self.matrix = self.add_weight((shape[-1], 3), name="matrix")

    def call(self, x):
        return x @ self.matrix


def test_a_custom_layer_that_says_nothing_gets_a_row_with_the_way_out():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="d"), Unknown(name="mine")])
    row = plan_pruning(model).rows[-1]
    assert (row.kernel, row.rule) == ("mine/matrix", None)
    assert "give the layer a method get_prunable_weights()" in row.reason


def test_a_rule_that_is_no_rule_is_refused(model):
    with pytest.raises(PruneError, match=r"tfprune\.Rule\(schedule, pattern\)"):
        plan_pruning(model, rules={"head": 0.5})


def test_a_rule_comes_back_from_its_config():
    rule = Rule(ConstantSparsity(0.8, 5), Block((1, 2), "MAX"))
    assert Rule.from_config(rule.get_config()) == rule


def test_the_row_of_a_frozen_layer_says_that_nothing_happens_until_it_trains():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
    model.layers[0].trainable = False
    [row] = plan_pruning(model).rows
    assert row.reason == "default rule; frozen: it stays as it is until it trains"
