"""What every score promises in training, and what each of them is, with the numbers written out."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune
from tests.masks.conftest import X, Y, assert_same, small_model, values, zeros
from tests.masks.test_engine import masked_dense
from tfprune import NM, Block, ConstantSparsity, PruneError, PruningOptimizer, Rule, scores
from tfprune.masks.callbacks import all_masked
from tfprune.masks.gradients import Gradient, known


@keras.saving.register_keras_serializable("test")
def distance_from_a_tenth(weights):
    return -ops.abs(weights - 0.1)


ALL = {
    "magnitude": scores.MagnitudeScore(),
    "movement": scores.Movement(),
    "taylor": scores.TaylorScore(decay=0.9),
    "random": scores.RandomScore(3),
    "own function": scores.OwnScore(distance_from_a_tenth),
}
SCHEDULE = tfprune.PolynomialDecay(0.0, 0.75, begin_step=0, end_step=4, frequency=2)
everyone = pytest.mark.parametrize("score", ALL.values(), ids=ALL)


def shares(model):
    """Share of each kernel under its mask; a weight that came back may be zero all the same."""
    return [m.sparsity() for m in all_masked(model)]


def wrapped(score, optimizer="adam", model=None, **how):
    model = tfprune.prune_low_magnitude(model or small_model(), SCHEDULE, score=score)
    model.compile(PruningOptimizer(optimizer), "mse", **how)
    return model


def optimized(score, optimizer="adam", model=None, **how):
    model = model or small_model()
    model.compile(PruningOptimizer(optimizer, SCHEDULE, score=score), "mse", **how)
    return model


@everyone
def test_the_planned_count_of_weights_is_under_the_mask(score):
    model = wrapped(score, run_eagerly=True)
    fit(model)
    assert shares(model) == [0.75, 0.75]
    assert all(share >= 0.75 for share in zeros(model))


@pytest.mark.parametrize("score", [ALL["taylor"], ALL["random"]])
def test_the_optimizer_carries_what_is_remembered(score):
    model = optimized(score, run_eagerly=True)
    fit(model)
    assert shares(model) == [0.75, 0.75]
    assert all_masked(tfprune.strip_pruning(model)) == []


def test_compiled_by_xla_the_masks_are_those_of_an_eager_fit():
    masks = []
    for how in ({"jit_compile": True}, {"run_eagerly": True}):
        keras.utils.set_random_seed(1)
        model = wrapped("movement", "sgd", **how)
        fit(model)
        masks.append([m.mask.numpy() for m in all_masked(model)])
    assert_same(*masks)


def test_mixed_precision_reaches_the_planned_count():
    keras.config.set_dtype_policy("mixed_float16")
    model = wrapped("movement")
    fit(model)
    assert shares(model) == [0.75, 0.75]
    assert all(m.remembered.dtype == "float32" for m in all_masked(model))


RESUMED = [*((wrapped, score) for score in ALL.values()), (optimized, ALL["movement"])]


@pytest.mark.parametrize(("pruned", "score"), RESUMED, ids=[*ALL, "in the optimizer"])
def test_what_was_saved_midway_goes_on_bit_exact(pruned, score, tmp_path):
    def train(model, start, stop):
        model.run_eagerly = True
        fit_steps(model, start, stop)
        return model

    keras.utils.set_random_seed(1)
    whole = train(pruned(score), 0, 6)
    keras.utils.set_random_seed(1)
    train(pruned(score), 0, 3).save(tmp_path / "half.keras")
    resumed = train(keras.saving.load_model(tmp_path / "half.keras"), 3, 6)
    assert_same(values(whole), values(resumed))
    assert_same(remembered(whole), remembered(resumed))


def fit(model, x=X):
    """Four batches, as many as the schedule's steps."""
    callbacks = [tfprune.UpdatePruningStep()]
    model.fit(x, Y, batch_size=16, verbose=0, shuffle=False, callbacks=callbacks)


def fit_steps(model, start, stop):
    callback = tfprune.UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    for i in range(start, stop):
        model.train_on_batch(X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4])


def remembered(model):
    return [m.remembered.numpy() for m in all_masked(model) if m.remembered is not None]


@everyone
def test_among_equals_the_count_is_exact_and_the_first_stay(score):
    if isinstance(score, scores.RandomScore):
        pytest.skip("chance knows no equals")
    masked = masked_dense(np.ones((2, 2)), every_step(score))
    masked.remembered = keras.Variable(np.zeros((2, 2)), dtype="float32")
    assert masked.mask_at(masked.kernel.variable, 0.5).numpy().tolist() == [
        [True, True],
        [False, False],
    ]


def told(masked, gradient, weights):
    """Let the engine make one update as if the optimizer had told it this gradient."""
    masked.remembered = keras.Variable(np.zeros(np.shape(gradient)), dtype="float32")
    gradient, weights = ops.array(gradient), ops.array(weights)
    with known({id(masked.kernel.variable): Gradient(gradient, weights)}):
        return masked.advance(ops.array(weights)).numpy().tolist()


W, G = [[1.0, -4.0], [2.0, 3.0]], [[-3.0, -1.0], [2.0, 0.1]]


def every_step(score, **pattern):
    return Rule(ConstantSparsity(0.5, 0, frequency=1), score=score, **pattern)


def test_movement_keeps_what_grows():
    # -w g: 3, -4 / -4, -0.3; the largest weight moves towards zero
    assert told(masked_dense(W, every_step("movement")), G, W) == [[1, 0], [0, 3]]


def test_taylor_keeps_what_changes_the_loss():
    # |w g|: 3, 4 / 4, 0.3
    assert told(masked_dense(W, every_step("taylor")), G, W) == [[0, -4], [2, 0]]


def test_blocks_and_groups_pool_scores_as_they_pool_magnitudes():
    # movement by rows: means -0.5 and -2.15; by columns: 3 before -4, -0.3 before -4
    blocks = every_step("movement", pattern=Block((1, 2)))
    assert told(masked_dense(W, blocks), G, W) == [[1, -4], [0, 0]]
    groups = every_step("movement", pattern=NM(1, 2))
    assert told(masked_dense(W, groups), G, W) == [[1, 0], [0, 3]]


def test_before_the_first_gradient_magnitude_decides():
    masked = masked_dense(W, every_step("movement"))
    masked.remembered = keras.Variable(np.zeros((2, 2)), dtype="float32")
    assert masked.mask_at(masked.kernel.variable, 0.5).numpy().tolist() == [
        [False, True],
        [False, True],
    ]


def test_a_trained_layer_remembers_minus_weight_times_gradient():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, use_bias=False)])
    model = tfprune.prune_low_magnitude(model, ConstantSparsity(0.5, 100), score="movement")
    [masked] = all_masked(model)
    masked.kernel.variable.assign([[2.0], [-1.0]])
    model.compile(PruningOptimizer(keras.optimizers.SGD(0.25, momentum=0.9)), "mse")
    x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    model.train_on_batch(x, y)  # answer 0, dL/dw = 2 (0 - 1) x = -2, -4; w becomes 2.5, 0
    assert masked.remembered.numpy().tolist() == [[4], [-4]]
    model.train_on_batch(x, y)  # answer 2.5, dL/dw = 3, 6; -w g = -7.5, 0
    assert masked.remembered.numpy().tolist() == [[-3.5], [-4]]


def test_random_masks_only_grow_and_differ_between_kernels_and_seeds():
    model = wrapped(scores.RandomScore(3))
    first, second = (m.remembered.numpy() for m in all_masked(model))
    assert not np.array_equal(first.ravel()[:16], second.ravel()[:16])
    fit_steps(model, 0, 2)
    early = [m.mask.numpy() for m in all_masked(model)]
    fit_steps(model, 2, 6)
    late = [m.mask.numpy() for m in all_masked(model)]
    assert all((a | ~b).all() for a, b in zip(early, late, strict=True))
    assert not np.array_equal(remembered(wrapped(scores.RandomScore(4)))[0], first)


def test_magnitude_is_the_default_and_the_same_to_the_bit():
    trained = []
    for given in ({}, {"score": "magnitude"}, {"score": ops.abs}):
        keras.utils.set_random_seed(0)
        model = tfprune.prune_low_magnitude(small_model(), SCHEDULE, **given)
        model.compile("adam", "mse", run_eagerly=True)
        fit(model)
        trained.append(values(model))
    assert_same(trained[0], trained[1])
    assert_same(trained[0], trained[2])


def test_nested_shared_and_frozen_layers():
    inputs = keras.Input((6,))
    twice = layers.Dense(6, name="twice")
    tower = keras.Sequential([keras.Input((6,)), layers.Dense(4, name="deep")], name="tower")
    frozen = layers.Dense(4, trainable=False, name="frozen")
    outputs = layers.Dense(2, name="head")(tower(twice(twice(inputs))) + frozen(inputs))
    model = wrapped("movement", model=keras.Model(inputs, outputs), run_eagerly=True)
    with pytest.warns(tfprune.PruneWarning, match=r"^frozen/kernel: .* is it frozen"):
        fit(model)
    found = {m.name: m.sparsity() for m in all_masked(model)}
    assert found.pop("frozen/kernel") == 0
    assert found == {"twice/kernel": 0.75, "deep/kernel": 0.75, "head/kernel": 0.75}


def test_sparse_gradients_of_an_embedding_and_gradient_accumulation():
    inputs = keras.Input((5,), dtype="int32")
    hidden = layers.Flatten()(layers.Embedding(11, 4)(inputs))
    model = keras.Model(inputs, layers.Dense(2)(hidden))
    adam = keras.optimizers.Adam(1e-2, gradient_accumulation_steps=2)
    model = wrapped("movement", adam, model, run_eagerly=True)
    ids = np.random.default_rng(0).integers(0, 11, (64, 5))
    fit(model, ids)
    assert shares(model) == [0.75, 0.75]


def test_two_replicas_learn_the_same(two_replicas):
    with two_replicas.scope():
        model = wrapped("movement")
    fit(model)
    assert shares(model) == [0.75, 0.75]
    for masked in all_masked(model):
        for variable in (masked.mask, masked.remembered):
            first, second = (replica.numpy() for replica in variable.value.values)
            np.testing.assert_array_equal(first, second)


def test_a_rule_has_a_score_of_its_own_or_that_of_the_call():
    rules = {"head": Rule(score="random"), "hidden": Rule(ConstantSparsity(0.25, 0))}
    plan = tfprune.plan_pruning(small_model(), SCHEDULE, rules=rules, score="taylor")
    assert [row.rule.describe() for row in plan.rows] == ["0.25 by taylor", "0.75 by chance"]


def refused(call):
    with pytest.raises(PruneError) as error:
        call()
    return str(error.value)


def test_an_optimizer_that_tells_no_gradients_is_refused_with_or_without_the_callback():
    model = tfprune.prune_low_magnitude(small_model(), SCHEDULE, score="movement")
    model.compile("adam", "mse", run_eagerly=True)
    assert refused(lambda: fit(model)) == (
        "asked: prune hidden/kernel to 0.75 by movement\n"
        "found: that takes what only an optimizer sees: the gradient of each update\n"
        "fix: model.compile(optimizer=tfprune.PruningOptimizer('adam'), ...), around any optimizer"
    )
    assert "only an optimizer sees" in refused(lambda: model.train_on_batch(X, Y))


def test_masks_in_layers_and_others_in_the_optimizer_are_refused():
    model = tfprune.prune_low_magnitude(small_model(), SCHEDULE, score="movement")
    model.compile(PruningOptimizer("adam", ConstantSparsity(0.9, 0)), "mse")
    message = refused(lambda: fit(model))
    assert "its layer has a mask already, of 0.75 by movement\nfix: leave the" in message


def test_loss_scaling_inside_is_refused():
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    assert "put the scaling outside" in refused(lambda: fit(wrapped("movement", scaled)))


@pytest.mark.parametrize(
    ("score", "fix"),
    [
        ("movment", "use one of: movement"),
        (scores.Movement, r"give an object: Movement\(\)"),
        (0.5, "an object of tfprune.scores"),
    ],
)
def test_what_is_no_score_is_refused(score, fix):
    with pytest.raises(PruneError, match=fix):
        tfprune.prune_low_magnitude(small_model(), score=score)


def test_a_function_that_returns_no_number_for_each_weight_is_refused():
    model = tfprune.prune_low_magnitude(small_model(), SCHEDULE, score=ops.sum)
    model.compile("adam", "mse", run_eagerly=True)
    with pytest.raises(Exception, match=r"scores of shape \(\) for weights of \(6, 8\)"):
        fit(model)


def test_numbers_out_of_range_are_refused():
    assert "above 0 and at most 1" in refused(lambda: scores.Movement(decay=0.0))
    assert "a whole number of at least 0" in refused(lambda: scores.RandomScore(-1))


def test_pruning_at_once_takes_no_score():
    rules = {"head": Rule(score="movement")}
    message = refused(lambda: tfprune.prune_once(small_model(), 0.5, rules=rules))
    assert "prune_low_magnitude" in message


@pytest.mark.parametrize("name", ["MagnitudeScore", "Movement", "TaylorScore"])
def test_the_paper_is_named(name):
    assert "arXiv:" in getattr(scores, name).__doc__
