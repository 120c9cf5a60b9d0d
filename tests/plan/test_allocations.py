"""Zeros shared out over kernels, with the numbers written out."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune import NM, Block, ConstantSparsity, PolynomialDecay, PruneError, Rule, plan_pruning
from tfprune.allocate import ALLOCATIONS, KernelAllocation, KernelWeights, sparsities

HALF = ConstantSparsity(0.5, begin_step=0, frequency=2)


def network():
    model = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(4, 3, name="conv"),  # 72 weights, 4 MACs with each
            layers.Flatten(),
            layers.Dense(8, name="wide"),  # 128
            layers.Dense(3, name="head"),  # 24
        ]
    )
    for i, name in enumerate(("conv", "wide", "head")):
        kernel = model.get_layer(name).kernel
        kernel.assign(np.linspace(0.1, 1, np.prod(kernel.shape)).reshape(kernel.shape) * 2**i)
    return model


def planned(model=None, schedule=HALF, **arguments):
    plan = plan_pruning(model or network(), schedule, **arguments)
    return [row.rule and row.rule.final_sparsity for row in plan.rows]


def made(scores):
    return KernelWeights("made", np.shape(scores), np.array(scores, float))


def test_uniform_is_the_same_share_of_each():
    assert planned(allocation="uniform") == [0.5, 0.5, 0.5]


def test_erdos_renyi_keeps_in_proportion_to_the_sum_of_axes():
    # axes: 3 + 3 + 2 + 4 = 12, 16 + 8 = 24, 8 + 3 = 11; 112 of 224 weights stay, the head whole
    stays = [(112 - 24) * 12 / 36 / 72, (112 - 24) * 24 / 36 / 128, 1]
    assert planned(allocation="erdos_renyi") == pytest.approx([1 - share for share in stays])


def test_a_global_threshold_ranks_all_weights_together():
    kernels = [made([[1, 2], [3, 4]]), made([[5, 6], [0, 7]])]
    assert sparsities(KernelAllocation("global"), kernels, 0.5) == [0.75, 0.25]


def test_blocks_are_ranked_by_their_pooled_scores_and_count_their_weights():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, use_bias=False, name="a")])
    model.add(layers.Dense(2, use_bias=False, name="b"))
    model.set_weights([np.array([[1.0, 6], [5, 4]]), np.array([[2.0, 2], [1, 1]])])
    # means 3.5, 4.5 / 2, 1: the highest two stay, and one of a kernel that had none left
    assert planned(model, allocation="global", block_size=(1, 2)) == [0, 0.5]


@pytest.mark.parametrize("by", ALLOCATIONS)
def test_the_share_of_all_kernels_together_is_the_schedules(by):
    zeros = np.dot(planned(allocation=by), [72, 128, 24])
    assert zeros / 224 == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("by", ALLOCATIONS)
@pytest.mark.parametrize(
    ("of", "prices", "rest"),
    [("params", (72, 128, 24), 15), ("macs", (288, 128, 24), 0)],  # 15 biases
)
def test_a_total_is_nearly_reached_and_not_exceeded(by, of, prices, rest):
    allocation = KernelAllocation(by, of=of, at_most=200)
    left = rest + np.dot(1 - np.array(planned(allocation=allocation)), prices)
    assert 190 < left <= 200


def test_bytes_count_values_places_and_rows_or_the_dense_kernel_if_that_is_smaller():
    # 24 weights in 3 rows of 8: 4 + 1 bytes each, 4 beginnings; more than 18 are stored dense
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3, use_bias=False)])
    for at_most, stays in ((96, 24), (95, 18), (94, 18), (93, 17), (5 * 6 + 4, 6)):
        allocation = KernelAllocation("uniform", of="bytes", at_most=at_most)
        assert planned(model, allocation=allocation) == [pytest.approx(1 - stays / 24)]


def test_rows_say_what_gave_them_their_sparsity():
    rules = {"head": Rule(ConstantSparsity(0.25, 0)), "conv": None}
    total = KernelAllocation("erdos_renyi", of="params", at_most=180)
    plan = plan_pruning(network(), HALF, rules=rules, allocation=total)
    # 87 weights of conv and biases, 18 of the head and 75 more make 180
    assert str(plan) == (
        "conv/kernel (3, 3, 2, 4): leave alone (rules say so: 'conv' is None)\n"
        "wide/kernel (16, 8): prune to 0.414062 (default rule, shared out by erdos_renyi, at most "
        "180 params)\n"
        "head/kernel (8, 3): prune to 0.25 (rule for 'head')"
    )
    given = ["by rule", "erdos_renyi, at most 180 params", "by rule"]
    assert [row.allocation for row in plan.rows] == given


def test_a_rule_without_a_schedule_takes_part_and_one_with_n_m_does_not():
    rules = {"head": Rule(pattern=Block((1, 3))), "wide": Rule(pattern=NM(1, 4))}
    # 96 weights with axes 12 + 11, of which 48 stay
    conv, head = (1 - 48 * axes / 23 / size for axes, size in ((12, 72), (11, 24)))
    assert planned(rules=rules, allocation="erdos_renyi") == pytest.approx([conv, 0.25, head])


def test_a_decay_is_brought_to_each_sparsity_from_its_share_of_the_first():
    decay = PolynomialDecay(0.2, 0.8, begin_step=0, end_step=10)
    assert decay.reaching(0.4) == PolynomialDecay(0.1, 0.4, begin_step=0, end_step=10)


def test_the_trained_model_has_the_planned_count_of_zeros():
    model = network()
    planned_zeros = np.dot(planned(model, allocation="erdos_renyi"), [72, 128, 24])
    pruned = tfprune.prune_low_magnitude(model, HALF, allocation="erdos_renyi")
    pruned.compile("sgd", "mse")
    x, y = np.ones((12, 4, 4, 2)), np.ones((12, 3))
    pruned.fit(x, y, batch_size=4, verbose=0, callbacks=[tfprune.UpdatePruningStep()])
    zeros = [int((layer.kernel.numpy() == 0).sum()) for layer in (pruned.layers[0].layer,)]
    assert zeros == [round((1 - 88 / 3 / 72) * 72)] and planned_zeros == pytest.approx(112)


def refused(**arguments):
    with pytest.raises(PruneError) as error:
        planned(**arguments)
    return str(error.value)


def test_what_is_no_allocation_or_total_is_refused():
    assert "use one of: erdos_renyi" in refused(allocation="erdos_reny")
    assert "allocation=0.5\nfound: it is neither" in refused(allocation=0.5)
    with pytest.raises(PruneError, match="one of params, macs, bytes"):
        KernelAllocation("uniform", of="flops", at_most=3)


def test_a_total_that_cannot_be_reached_tells_the_least():
    allocation = KernelAllocation("uniform", of="params", at_most=10)
    assert "found: 18 params is the least, with one weight in each" in refused(
        allocation=allocation
    )


def test_masks_that_are_there_and_layers_without_a_model_are_refused():
    wrapped = tfprune.prune_low_magnitude(network(), HALF)
    assert "strip_pruning(model) first" in refused(model=wrapped, allocation="uniform")
    with pytest.raises(PruneError, match="leave allocation out, or pass the model"):
        tfprune.prune_low_magnitude(layers.Dense(2), HALF, allocation="uniform")


def test_macs_that_are_not_known_are_refused():
    model = keras.Sequential([keras.Input((None, 4)), layers.Dense(2)])
    allocation = KernelAllocation("uniform", of="macs", at_most=3)
    assert "MACs are not known: dense" in refused(model=model, allocation=allocation)
