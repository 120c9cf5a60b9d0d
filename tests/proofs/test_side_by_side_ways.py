"""Each way of the proof makes, of a small network, what its table says."""

import numpy as np
import pytest

import tfprune
from proofs.counting import count_macs, share_of_zeros
from proofs.resnets import resnet
from proofs.side_by_side_task import RATE, Task, seeded
from proofs.side_by_side_ways import MASKS, STRUCTURED, TECHNIQUES
from proofs.training import compile_for

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def task():
    dense, draw = resnet(8), np.random.default_rng(0)
    compile_for(dense, RATE)
    x = draw.normal(size=(128, 32, 32, 3)).astype("float32")
    y = draw.integers(0, 10, 128)
    return Task(dense=dense, x=x, y=y, unlabelled=x, epochs=3, seed=0)


@pytest.mark.parametrize("way", MASKS)
def test_masks_end_with_nine_zeros_in_ten(task, way):
    model = seeded(task, MASKS[way])
    assert share_of_zeros(model) == pytest.approx(0.9, abs=0.005)
    assert count_macs(model) == count_macs(task.dense)


@pytest.mark.parametrize("way", STRUCTURED)
def test_filters_end_with_a_third_of_the_macs(task, way):
    model = seeded(task, STRUCTURED[way])
    assert count_macs(task.dense) / count_macs(model) == pytest.approx(3, rel=0.2)


@pytest.mark.parametrize("way, zeros", [("weights", 0.8), ("pairs", 0.8), ("2:4", 0.5)])
def test_techniques_of_zeros_end_with_theirs(task, way, zeros):
    assert share_of_zeros(seeded(task, TECHNIQUES[way])) == pytest.approx(zeros, abs=0.01)


@pytest.mark.parametrize("way", ["int8 after", "int8 training", "clusters", "together"])
def test_a_technique_becomes_a_file(task, way, tmp_path):
    about = TECHNIQUES[way]
    given = task.unlabelled if about.quantize else None
    made = tfprune.convert(seeded(task, about), tmp_path / "a.tflite", about.quantize, given)
    assert made.quantize == about.quantize
    assert tfprune.evaluate(tmp_path / "a.tflite", (task.x, task.y), ["accuracy"]).samples == 128


@pytest.mark.parametrize("way", ["repair", "filters", "teacher"])
def test_half_of_the_macs_go(task, way):
    model = seeded(task, TECHNIQUES[way])
    assert count_macs(task.dense) / count_macs(model) == pytest.approx(2, rel=0.3)


def test_training_alone_changes_a_copy(task):
    before = task.dense.get_weights()
    model = seeded(task, TECHNIQUES["training alone"])
    assert all(np.array_equal(a, b) for a, b in zip(before, task.dense.get_weights(), strict=True))
    assert not np.array_equal(before[0], model.get_weights()[0])
