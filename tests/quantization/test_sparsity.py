"""Zeros of a pruned model stay zeros through quantization-aware training, and in the file."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.keras_facts import kernels_of

from .road import batch_for, converted, trained

HALF = tfprune.ConstantSparsity(0.5, begin_step=0, frequency=1)


def network():
    """A 3x3, a depthwise and a 1x1 convolution, and a Dense layer."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(8, 3, name="conv"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(16, 1, use_bias=False, name="pointwise"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, name="head"),
        ]
    )


def pruned():
    """The network with the smaller half of each kernel set to zero."""
    model = network()
    for kernel in kernels_of(model):
        values = np.asarray(kernel.variable)
        kernel.variable.assign(np.where(abs(values) < np.median(abs(values)), 0, values))
    return model


def zeros(model):
    return {k.name: np.asarray(k.variable) == 0 for k in kernels_of(model)}


def in_file(model, path, inputs):
    result = tfprune.verify(model, path, inputs, raise_on_failure=False)
    return {kernel.kernel: kernel for kernel in result.kernels}


def test_zeros_of_a_stripped_model_stay_zeros(tmp_path):
    model = pruned()
    inputs = batch_for(model)
    aware = trained(model, inputs)
    before, after = zeros(model), zeros(aware)
    found = in_file(aware, converted(aware, tmp_path), inputs)
    for name in ("conv/kernel", "depthwise/kernel", "pointwise/kernel", "head/kernel"):
        np.testing.assert_array_equal(before[name], after[name])
        assert found[name].lost == 0
        assert found[name].zeros_after >= before[name].sum() > 0


def test_only_other_weights_are_trained():
    model = pruned()
    aware = trained(model, batch_for(model))
    before, after = (m.get_layer("pointwise") for m in (model, aware))
    moved = np.asarray(before.kernel) != np.asarray(after.layer.kernel)
    zero = zeros(model)["pointwise/kernel"]
    assert moved[~zero].mean() > 0.8
    assert not moved[zero].any()


def test_zeros_may_return_if_asked():
    model = pruned()
    aware = trained(model, batch_for(model), keep_zeros=False)
    assert zeros(aware)["pointwise/kernel"].mean() < 0.1


def test_masks_go_on_in_training(tmp_path):
    model = tfprune.prune_low_magnitude(network(), HALF)
    inputs = batch_for(model)
    aware = trained(model, inputs)
    assert zeros(aware)["pointwise/kernel"].mean() == 0.5
    plain = tfprune.strip_pruning(aware)
    found = in_file(plain, converted(plain, tmp_path), inputs)
    assert found["pointwise/kernel"].zeros_after >= 64
    assert found["conv/kernel"].lost == 0


def test_a_half_pruned_model_is_saved_with_its_masks(tmp_path):
    aware = trained(tfprune.prune_low_magnitude(network(), HALF), np.ones((8, 8, 8, 3), "float32"))
    aware.save(tmp_path / "aware.keras")
    loaded = keras.saving.load_model(tmp_path / "aware.keras")
    names = [type(layer).__name__ for layer in loaded.get_layer("conv")._flatten_layers()]
    assert "PruneLowMagnitude" in names
    np.testing.assert_array_equal(zeros(loaded)["conv/kernel"], zeros(aware)["conv/kernel"])


def test_the_optimizer_can_carry_the_masks():
    aware = tfprune.quantize_model(network())
    aware.compile(tfprune.PruningOptimizer("adam", HALF), "mse", jit_compile=False)
    for _ in range(3):
        aware.train_on_batch(np.ones((8, 8, 8, 3)), np.ones((8, 4)))
    assert zeros(aware)["pointwise/kernel"].mean() == pytest.approx(0.5)
