import keras
import numpy as np
import pytest

import tfprune
from tfprune.counts import count
from tfprune.errors import PruneError
from tfprune.surgery import plan_structured, prune_structured

layers = keras.layers


def residual():
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", name="stem")(x)
    branch = layers.Conv2D(16, 1, name="expand")(x)
    branch = layers.BatchNormalization(name="bn")(branch)
    branch = layers.ReLU(name="act")(branch)
    branch = layers.Conv2D(8, 1, name="project")(branch)
    x = layers.Add(name="add")([x, branch])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(4, name="head")(x), name="residual")


def dense(*norms):
    """A hidden layer whose units have these L2 norms."""
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(len(norms), use_bias=False, name="hidden"),
            layers.Dense(1, name="head"),
        ]
    )
    model.get_layer("hidden").kernel.assign([norms])
    return model


def widths(plan):
    return {row.group: (row.before, row.after) for row in plan.rows}


def test_a_plan_has_a_row_for_each_group_with_its_reason():
    assert str(plan_structured(residual(), 0.5)).splitlines() == [
        "stem with expand, project, head: 8 → 4 (ratio 0.5)",
        "expand with bn, project: 16 → 8 (ratio 0.5)",
        "head: 4 → 4 (an output of the model)",
        "12 of 28 units go; parameters 604 → 240, MACs 30,240 → 11,024",
    ]


def test_the_units_with_the_smallest_norms_go():
    small = plan_structured(dense(3.0, 1.0, 4.0, 2.0), 0.5).apply()
    assert small.get_layer("hidden").kernel.numpy().tolist() == [[3.0, 4.0]]


def test_a_function_of_the_group_is_a_criterion():
    small = plan_structured(dense(3.0, 1.0, 4.0, 2.0), 0.5, lambda group: [0, 1, 0, 1]).apply()
    assert small.get_layer("hidden").kernel.numpy().tolist() == [[1.0, 2.0]]


def test_the_predicted_cost_is_the_cost_of_the_smaller_model():
    plan = plan_structured(residual(), 0.4)
    counts = count(plan.apply())
    assert (plan.size.params_after, plan.size.macs_after) == (counts.params, counts.macs)


@pytest.mark.parametrize("target", ["params", "macs"])
@pytest.mark.parametrize("scope", ["local", "global"])
def test_units_go_until_the_target_is_reached(target, scope):
    size = plan_structured(residual(), 0.5, target=target, scope=scope).size
    before, after = getattr(size, target), getattr(size, f"{target}_after")
    assert 0.3 * before < after <= 0.5 * before


@pytest.mark.parametrize(("power", "first"), [(1, "wide"), (2, "slim")])
def test_scores_in_the_loss_are_divided_by_what_a_unit_costs(power, first):
    # A unit of `wide` has 9 weights, one of `slim` 5: 1 / 9 < 0.7 / 5, but 1 / 9 > 0.7² / 5.
    class Gain:
        comparable, loss_power = True, power

        def scores(self, model, groups):
            return [np.full(g.size, {"wide": 1, "slim": 0.7}[g.name]) for g in groups]

    x = inputs = keras.Input((1,))
    for width, name in ((4, "wide"), (8, "slim"), (1, "head")):
        x = layers.Dense(width, use_bias=False, name=name)(x)
    model = keras.Model(inputs, x)
    rows = widths(plan_structured(model, 0.1, Gain(), target="params", scope="global"))
    assert {name for name, (before, after) in rows.items() if after < before} == {first}


def test_ratios_by_name_leave_all_others_whole():
    plan = plan_structured(residual(), {"exp*": 0.75})
    assert widths(plan) == {"stem": (8, 8), "expand": (16, 4), "head": (4, 4)}
    assert plan.rows[0].reason == "no ratio is given for it"


def test_keep_names_a_member_of_the_group():
    plan = plan_structured(residual(), 0.5, keep=["project"])
    assert widths(plan)["stem"] == (8, 8)
    assert plan.rows[0].reason == "named in keep"


def test_layers_that_go_together_cannot_have_two_ratios():
    with pytest.raises(PruneError, match="the channels of stem and project go together"):
        plan_structured(residual(), {"stem": 0.5, "project": 0.25})
    assert widths(plan_structured(residual(), {"stem": 0.5, "project": 0.5}))["stem"] == (8, 4)


def test_an_exact_name_goes_before_a_glob_and_the_first_glob_before_the_second():
    plan = plan_structured(residual(), {"*p*": 0.5, "*": 0.25, "stem": 0.75})
    assert widths(plan) == {"stem": (8, 2), "expand": (16, 8), "head": (4, 4)}


def test_a_ratio_out_of_range_is_refused_by_its_name():
    with pytest.raises(PruneError, match="the ratio of 'stem': 50\n"):
        plan_structured(residual(), {"stem": 50})


def test_round_to_makes_multiples():
    assert widths(plan_structured(residual(), 0.3, round_to=4))["expand"] == (16, 12)


def test_an_already_pruned_model_is_pruned_further():
    once = prune_structured(residual(), 0.5)
    assert widths(plan_structured(once, 0.5))["expand"] == (8, 4)


def test_steps_remove_the_same_share_in_all_and_call_fine_tune():
    seen = []
    small = prune_structured(
        residual(), 0.75, steps=2, fine_tune=lambda m: seen.append(m.get_layer("expand").filters)
    )
    assert seen == [8, 4] and small.get_layer("expand").filters == 4


def test_the_model_is_not_changed():
    model = residual()
    before = [weight.numpy() for weight in model.weights]
    prune_structured(model, 0.5)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.weights, strict=True))


def test_the_masked_model_computes_what_the_smaller_one_will():
    plan = plan_structured(residual(), 0.5)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(plan.masked()(x), plan.apply()(x), atol=1e-6)


def test_a_sequential_model_stays_one():
    assert isinstance(prune_structured(dense(1.0, 2.0), 0.5), keras.Sequential)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ratio": 1.0}, "at least 0, below 1"),
        ({"ratio": 40}, "write 0.4"),
        ({"target": "flops"}, "use one of units, params, macs"),
        ({"keep": ["expnd"]}, "the model has expand"),
        ({"criterion": "taylor"}, "tfprune.criteria.Taylor"),
        ({"keep": ["*"]}, "all stay"),
        ({"ratio": {"expand": 0.5}, "target": "macs"}, "ratios by name are shares of units"),
        ({"ratio": 0.99, "target": "macs", "max_ratio": 0.5}, "the least that can be reached"),
    ],
)
def test_a_wrong_argument_says_how_to_fix_it(arguments, message):
    with pytest.raises(PruneError, match=message.replace("*", r"\*")):
        plan_structured(residual(), **arguments)


def test_a_subclassed_model_is_refused_with_the_way_out():
    class Own(keras.Model):
        def call(self, x):
            return keras.ops.abs(np.asarray(x))  # needs numbers, so that it leaves no graph

    model = Own()
    model(np.zeros((1, 2), "float32"))
    with pytest.raises(PruneError, match=r"build it with keras\.Input"):
        plan_structured(model)


def test_the_public_names_are_these():
    assert tfprune.plan_structured is plan_structured
    assert tfprune.criteria.Magnitude(p=1) is not None


def open_model():
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3, name="stem")(image)
    x = layers.Conv2D(8, 3, name="second")(x)
    return keras.Model(image, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x)))


def test_macs_that_open_sizes_decide_are_no_target_and_never_zero():
    found = r"of 'stem' are not known: a size is open .* \(and 1 more layers\)"
    with pytest.raises(PruneError, match=found) as error:
        plan_structured(open_model(), 0.5, target="macs")
    assert "give input_shape=, the shape of one sample, for (None, None, 3)" in error.value.fix
    plan = plan_structured(open_model(), 0.5)
    assert plan.size.macs is None and str(plan).endswith(
        "MACs unknown before input_shape= is given"
    )
    size = plan_structured(open_model(), 0.5, target="macs", input_shape=(16, 16, 3)).size
    assert 0 < size.macs_after <= size.macs / 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ratio": 0.1, "round_to": 8}, "nothing goes: round_to=8 leaves every width as it is"),
        ({"ratio": 0.03}, "only 3.1 % of the multiply-accumulates go: too little to be seen"),
        ({"ratio": 0.75}, "75 % of the multiply-accumulates go at once"),
        ({"ratio": 0.5}, None),
        ({"ratio": 0.0}, None),
    ],
)
def test_a_plan_says_what_is_unwise_about_it(settings, said):
    layers = [keras.Input((4,)), keras.layers.Dense(32), keras.layers.Dense(2)]
    plan = tfprune.plan_structured(keras.Sequential(layers), **settings)
    assert [said in note.reason for note in plan.notes] == ([] if said is None else [True])
