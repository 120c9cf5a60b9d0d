from __future__ import annotations

import io

import pytest

from tfprune import PruneForLatencyOnXNNPack, plan_pruning
from tfprune.demo import DemoSettings
from tfprune.demo.networks import small_mobilenet
from tfprune.demo.training import BLOCK, pruning_schedule
from tfprune.errors import PruneError
from tfprune.progress import Stages


def test_the_network_can_run_sparse_and_its_1x1_convolutions_are_pruned():
    policy = PruneForLatencyOnXNNPack()
    plan = plan_pruning(small_mobilenet(0.25), block_size=BLOCK, pruning_policy=policy)
    pruned = [row.kernel for row in plan.rows if row.rule is not None]
    assert pruned == [f"block{n}_pointwise/kernel" for n in range(1, 6)]


def test_most_weights_are_in_the_pruned_kernels():
    model = small_mobilenet()
    pruned = sum(
        layer.count_params() for layer in model.layers if layer.name.endswith("_pointwise")
    )
    assert pruned / model.count_params() > 0.8


@pytest.mark.parametrize(
    "settings", [DemoSettings(), DemoSettings.quick(), DemoSettings(digits=50)]
)
def test_the_masks_are_final_well_before_training_ends(settings):
    schedule = pruning_schedule(settings)
    steps = settings.steps_per_epoch * settings.pruning_epochs
    assert schedule.final_sparsity == settings.sparsity
    assert schedule.last_update_step() == schedule.end_step <= max(1, steps)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"pruning_epochs": 0},
        {"sparsity": 1.0},
        {"sparsity": -0.1},
        {"width": 0.0},
        {"digits": 51},
        {"digits": 6000},
        {"runs": 0},
    ],
)
def test_a_setting_out_of_range_is_named(values):
    [(name, value)] = values.items()
    with pytest.raises(PruneError, match=f"asked: {name}={value}"):
        DemoSettings(**values)


def test_a_stage_is_one_line_with_its_outcome():
    stream = io.StringIO()
    stages = Stages(2, stream)
    with stages("load") as stage:
        stage.say("5 digits")
    assert stream.getvalue().startswith("[1/2] load: 5 digits (0.")
    assert stream.getvalue().count("\n") == 1


def test_a_note_has_a_line_of_its_own():
    stream = io.StringIO()
    stages = Stages(2, stream)
    with stages("load") as stage:
        stages.remark("few digits")
        stage.say("5 digits")
    assert stream.getvalue().startswith("[1/2] load:\nnote: few digits\n      5 digits (0.")


def test_a_stage_that_fails_says_so():
    stream = io.StringIO()
    with pytest.raises(KeyError), Stages(1, stream)("train"):
        raise KeyError
    assert stream.getvalue() == "[1/1] train: stopped\n"
