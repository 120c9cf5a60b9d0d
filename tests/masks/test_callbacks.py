import keras
import numpy as np
import pytest
import tensorflow as tf

import tfprune
from tests.masks.conftest import X, Y, fit, small_model, wrapped
from tfprune.errors import PruneWarning


def fit_with(schedule):
    return fit(wrapped("sgd", schedule))


def test_the_history_shows_the_sparsity_of_each_epoch():
    schedule = tfprune.PolynomialDecay(0.0, 0.75, begin_step=0, end_step=32, frequency=8)
    history = fit(wrapped("sgd", schedule), epochs=2)
    # after 16 of 32 steps: 0.75 - 0.75 * (1 / 2)^3
    assert history.history["sparsity"] == pytest.approx([0.65625, 0.75], abs=0.01)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (
            tfprune.ConstantSparsity(0.5, begin_step=0, frequency=100),
            r"16 batches at sparsity 0\.000, not 0\.5: the first mask update is at step 100",
        ),
        (
            tfprune.PolynomialDecay(0.0, 0.8, 0, 100, frequency=10),
            r"not 0\.8: the schedule ends at step 100; train longer or end it sooner",
        ),
        (
            tfprune.PolynomialDecay(0.0, 0.8, 0, 10, frequency=6),
            r"frequency=6 does not divide end_step - begin_step=10, so the last update was at",
        ),
    ],
)
def test_a_fit_that_falls_short_warns_and_says_why(schedule, reason):
    with pytest.warns(PruneWarning, match=reason):
        fit_with(schedule)


def test_a_small_kernel_with_n_m_groups_warns_too():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    late = tfprune.ConstantSparsity(0.5, begin_step=50, frequency=1)
    model = tfprune.prune_low_magnitude(model, late, sparsity_m_by_n=(1, 2))
    model.compile("sgd", "mse")
    with pytest.warns(PruneWarning, match="the first mask update is at step 50"):
        fit(model)


def test_a_frozen_layer_is_reported():
    model = tfprune.prune_low_magnitude(
        small_model(), tfprune.ConstantSparsity(0.5, begin_step=0, frequency=2)
    )
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    with pytest.warns(PruneWarning, match=r"^hidden/kernel: .* is it frozen or unused"):
        fit(model)


@pytest.mark.parametrize("pattern", [{}, {"block_size": (1, 2)}, {"sparsity_m_by_n": (2, 4)}])
def test_a_frozen_layer_keeps_its_weights_until_it_trains(pattern):
    at_once = tfprune.ConstantSparsity(0.5, begin_step=1, frequency=1)
    model = tfprune.prune_low_magnitude(small_model(), at_once, **pattern)
    frozen = model.get_layer("hidden")
    frozen.trainable = False
    model.compile("sgd", "mse")
    with pytest.warns(PruneWarning, match=r"frozen or unused"):
        fit(model)
    assert frozen.layer.kernel.numpy().all()
    assert not model.get_layer("head").layer.kernel.numpy().all()
    frozen.trainable = True
    model.compile("sgd", "mse")
    fit(model)
    assert np.mean(frozen.layer.kernel.numpy() == 0) >= 0.33


def test_a_model_without_masks_is_reported():
    model = small_model()
    model.compile("sgd", "mse")
    with pytest.warns(PruneWarning, match="Call tfprune.prune_low_magnitude"):
        fit(model)


def test_the_average_of_an_optimizer_does_not_fill_the_zeros():
    model = wrapped(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
    fit(model)
    stripped = tfprune.strip_pruning(model)
    assert np.mean(stripped.layers[0].kernel.numpy() == 0) == 0.75


def test_summaries_write_one_curve_for_each_kernel(tmp_path):
    model = wrapped()
    summaries = tfprune.PruningSummaries(str(tmp_path), update_freq=4)
    callbacks = [tfprune.UpdatePruningStep(), summaries]
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=callbacks)
    (file,) = (tmp_path / "metrics").iterdir()
    points = [
        (event.step, value.tag, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert {tag for _, tag, _ in points} == {
        "sparsity",
        "hidden/kernel/sparsity",
        "hidden/kernel/threshold",
        "head/kernel/sparsity",
        "head/kernel/threshold",
    }
    # the masks of step 5 come from the update at step 3, those of step 17 from step 12
    kernel = {step: value for step, tag, value in points if tag == "hidden/kernel/sparsity"}
    assert kernel[5] == pytest.approx(0.434, abs=0.02)
    assert kernel[17] == 0.75


def test_summaries_need_a_folder():
    with pytest.raises(tfprune.PruneError, match="no folder is named"):
        tfprune.PruningSummaries("")


def test_a_fit_without_the_callback_is_told_when_the_masks_come_off():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
    pruned = tfprune.prune_low_magnitude(model, tfprune.ConstantSparsity(0.5, 0, frequency=100))
    tfprune.strip_pruning(pruned)  # never trained: nothing to tell
    pruned.compile("sgd", "mse")
    pruned.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    with pytest.warns(PruneWarning, match="no weight of head/kernel is masked, after 1 batches"):
        tfprune.strip_pruning(pruned)
