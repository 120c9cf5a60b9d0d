"""Masks that move: RigL and SET, one exchange written out, and what training keeps of it."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

import tfprune
from tests.masks.conftest import X, Y, assert_same, small_model, values
from tests.masks.test_engine import masked_dense
from tests.masks.test_scores import fit_steps, refused
from tfprune import NM, Block, PruningOptimizer, Rule
from tfprune.masks.callbacks import all_masked
from tfprune.masks.gradients import Gradient, known
from tfprune.schedules import SET, RigL

KINDS = {"rigl": RigL, "set": SET}
both = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def pruned(schedule, optimizer="adam", **how):
    model = tfprune.prune_low_magnitude(small_model(), schedule)
    model.compile(PruningOptimizer(optimizer), "mse", **how)
    return model


def moving(kind, sparsity=0.75, frequency=2):
    return kind(
        target_sparsity=sparsity, begin_step=0, end_step=12, fraction=0.5, frequency=frequency
    )


def masks(model):
    return [m.mask.numpy() for m in all_masked(model)]


#  4 of 9 weights stay; the gradient is of all 9
WEIGHTS = [[9.0, 1.0, 0.0], [0.0, 8.0, 0.0], [2.0, 0.0, 0.0]]
GRADIENT = [[0.1, 0.2, 5.0], [0.3, 7.0, 0.4], [6.0, 0.5, 0.6]]


def exchange(schedule, pattern=None, weights=WEIGHTS, gradient=GRADIENT, step=4):
    """One update at a step; each weight that stays has a momentum of 1, the others of 3."""
    masked = masked_dense(weights, Rule(schedule, pattern or Block()))
    masked.mask.assign(np.array(weights) != 0)
    masked.step.assign(step - 1)
    momentum = keras.Variable(np.where(np.array(weights) == 0, 3.0, 1.0))
    masked.optimizer_slots = [(momentum, 0.0)]
    variable = masked.kernel.variable
    with known({id(variable): Gradient(ops.array(gradient), variable.value)}):
        # the optimizer has moved the weights under the mask, too
        variable.assign(np.array(weights) + 0.01 * (np.array(weights) == 0))
        variable.assign(variable.constraint(variable))
    return variable.numpy(), masked.mask.numpy().astype(int).tolist(), momentum.numpy()


def test_rigl_drops_the_smallest_and_grows_where_the_gradient_is_largest():
    # f(4) = 0.8 / 2 (1 + cos(pi / 2)) = 0.4: of 9, 8, 2 and 1 stays 60 %, which is 9 and 8; where
    # none stays the gradient is largest at the 2, which grows again at once, and at the corner
    schedule = RigL(target_sparsity=5 / 9, begin_step=0, end_step=8, fraction=0.8, frequency=4)
    weights, mask, momentum = exchange(schedule)
    assert mask == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert weights.tolist() == [[9, 0, 0], [0, 8, 0], [2, 0, 0]]
    assert momentum.tolist() == [[1, 1, 0], [3, 1, 3], [1, 3, 3]]


def test_at_any_other_step_the_mask_and_the_momentum_stay():
    schedule = RigL(target_sparsity=5 / 9, begin_step=0, end_step=8, fraction=0.8, frequency=4)
    weights, mask, momentum = exchange(schedule, step=3)
    assert weights.tolist() == WEIGHTS and mask == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert momentum.tolist() == [[1, 1, 3], [3, 1, 3], [1, 3, 3]]


def test_set_drops_the_same_and_grows_by_lot():
    grown = set()
    for seed in range(8):
        schedule = SET(
            target_sparsity=5 / 9, begin_step=0, end_step=8, fraction=0.8, frequency=4, seed=seed
        )
        weights, mask, _ = exchange(schedule)
        assert np.sum(mask) == 4 and mask[0][0] == mask[1][1] == 1
        assert np.all((weights == 0) | (weights == np.array(WEIGHTS)))
        grown.add(str(mask))
    assert len(grown) > 3


def test_blocks_are_dropped_and_grown_whole():
    weights = [[9.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]]
    gradient = [[0.0, 0.0, 1.0, 0.0], [3.0, 3.0, 0.0, 0.0]]
    schedule = RigL(target_sparsity=0.5, begin_step=0, end_step=100, fraction=0.5, frequency=4)
    _, mask, _ = exchange(schedule, Block((1, 2)), weights, gradient)
    assert mask == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_each_group_of_n_m_keeps_its_count():
    weights = [[9.0, 0.0], [0.0, 2.0], [8.0, 0.0], [0.0, 1.0]]
    gradient = [[0.0, 4.0], [0.0, 0.0], [0.0, 4.0], [0.0, 5.0]]
    schedule = RigL(target_sparsity=0.5, begin_step=0, end_step=100, fraction=0.5, frequency=4)
    _, mask, _ = exchange(schedule, NM(1, 2), weights, gradient)
    assert mask == [[1, 1], [0, 0], [1, 0], [0, 1]]


def test_the_share_that_is_exchanged_falls_as_a_cosine():
    schedule = RigL(target_sparsity=0.9, begin_step=10, end_step=30, fraction=0.4, frequency=5)
    shares = [float(schedule.exchanged(step)) for step in (10, 20, 30, 40)]
    assert shares == pytest.approx([0.4, 0.2, 0, 0])


@pytest.mark.parametrize(
    ("kind", "how"),
    [(RigL, {"jit_compile": True}), (SET, {"run_eagerly": True})],
    ids=str,
)
def test_the_count_is_exact_at_every_step_while_the_places_move(kind, how):
    model, seen = pruned(moving(kind), **how), []
    for step in range(6):
        fit_steps(model, step, step + 1)
        assert [m.sparsity() for m in all_masked(model)] == [0.75, 0.75]
        seen.append(masks(model)[0])
    assert any((a != b).any() for a, b in itertools.pairwise(seen))


@both
def test_what_was_saved_midway_goes_on_bit_exact(kind, tmp_path):
    def train(model, start, stop):
        model.run_eagerly = True
        fit_steps(model, start, stop)
        return model

    keras.utils.set_random_seed(1)
    whole = train(pruned(moving(kind)), 0, 8)
    keras.utils.set_random_seed(1)
    train(pruned(moving(kind)), 0, 5).save(tmp_path / "half.keras")
    resumed = train(keras.saving.load_model(tmp_path / "half.keras"), 5, 8)
    assert_same(values(whole), values(resumed))
    assert_same(masks(whole), masks(resumed))


def test_mixed_precision_keeps_the_count():
    keras.config.set_dtype_policy("mixed_float16")
    model = pruned(moving(RigL))
    fit_steps(model, 0, 5)
    assert [m.sparsity() for m in all_masked(model)] == [0.75, 0.75]


def test_the_optimizer_carries_masks_that_move():
    model = small_model()
    model.compile(PruningOptimizer("sgd", moving(RigL)), "mse", run_eagerly=True)
    fit_steps(model, 0, 5)
    assert [m.sparsity() for m in all_masked(model)] == [0.75, 0.75]


def test_two_replicas_move_alike(two_replicas):
    with two_replicas.scope():
        model = pruned(moving(RigL))
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=[tfprune.UpdatePruningStep()])
    for masked in all_masked(model):
        first, second = (replica.numpy() for replica in masked.mask.value.values)
        np.testing.assert_array_equal(first, second)
        assert 1 - first.mean() == 0.75


def test_the_first_mask_is_by_the_rules_score():
    model = tfprune.prune_low_magnitude(small_model(), moving(SET), score="random")
    model.compile(PruningOptimizer("adam"), "mse", run_eagerly=True)
    fit_steps(model, 0, 0)
    [masked, _] = all_masked(model)
    drawn, mask = masked.remembered.numpy(), masked.mask.numpy()
    assert masked.sparsity() == 0.75 and drawn[mask].min() > drawn[~mask].max()


def test_what_adam_remembers_of_a_grown_weight_is_gone():
    model = pruned(moving(RigL), keras.optimizers.Adam(), run_eagerly=True)
    fit_steps(model, 0, 2)
    before = masks(model)
    fit_steps(model, 2, 3)  # step 4: an exchange
    for masked, old in zip(all_masked(model), before, strict=True):
        grown = masked.mask.numpy() & ~old
        assert grown.any() and len(masked.optimizer_slots) == 2
        for variable in (masked.kernel.variable, *(slot for slot, _ in masked.optimizer_slots)):
            assert (variable.numpy()[grown] == 0).all()


@both
def test_an_optimizer_that_tells_nothing_is_refused(kind):
    model = tfprune.prune_low_magnitude(small_model(), moving(kind))
    model.compile("adam", "mse", run_eagerly=True)
    assert "tfprune.PruningOptimizer('adam')" in refused(lambda: fit_steps(model, 0, 1))


def test_an_allocation_gives_each_kernel_its_own_sparsity():
    model = tfprune.prune_low_magnitude(small_model(), moving(RigL), allocation="erdos_renyi")
    schedules = [m.rule.pruning_schedule for m in all_masked(model)]
    assert all(isinstance(one, RigL) and one.end_step == 12 for one in schedules)
    assert len({one.target_sparsity for one in schedules}) == 2


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (
            lambda: RigL(target_sparsity=0.9, begin_step=0, end_step=10, fraction=0.0),
            "above 0 and below 1",
        ),
        (
            lambda: SET(target_sparsity=0.9, begin_step=10, end_step=10),
            "the fraction falls to nothing at end_step",
        ),
        (lambda: RigL(target_sparsity=1.0, begin_step=0, end_step=10), "at least 0 and below 1"),
    ],
)
def test_arguments_out_of_range_are_refused(make, found):
    assert found in refused(make)


@pytest.mark.parametrize("kind", KINDS.values())
def test_the_paper_is_named(kind):
    assert "arXiv:" in kind.__doc__
