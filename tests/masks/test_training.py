"""Every way to train, once with wrappers and once with PruningOptimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfprune
from tests.masks.conftest import SCHEDULE, X, Y, fit, small_model, wrapped, zeros
from tfprune.masks.callbacks import all_masked

optimizers = keras.optimizers

OPTIMIZERS = {
    "sgd": lambda: "sgd",
    "adamw": lambda: optimizers.AdamW(1e-2, weight_decay=0.1),
    "learning_rate_schedule": lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 10)),
    "gradient_accumulation": lambda: optimizers.Adam(1e-2, gradient_accumulation_steps=4),
    "moving_average": lambda: optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.9),
    "moving_average_overwriting": lambda: optimizers.Adam(
        1e-2, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3
    ),
    "clipping": lambda: optimizers.Adam(1e-2, global_clipnorm=1.0),
}


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_any_optimizer_reaches_the_planned_zeros(pruned, make_optimizer):
    model = pruned(make_optimizer())
    fit(model)
    assert zeros(model) == [0.75, 0.75]


@pytest.mark.parametrize(
    "how", [{"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 5}], ids=str
)
def test_any_way_to_compile_reaches_the_planned_zeros(pruned, how):
    model = pruned("adam", **how)
    fit(model)
    assert zeros(model) == [0.75, 0.75]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_any_precision_reaches_the_planned_zeros(pruned, policy):
    keras.config.set_dtype_policy(policy)
    model = pruned("adam")
    fit(model)
    assert zeros(model) == [0.75, 0.75]


def test_train_on_batch_prunes(pruned):
    model = pruned()
    begin(model)
    for start in range(0, 64, 4):
        model.train_on_batch(X[start : start + 4], Y[start : start + 4])
    assert zeros(model) == [0.75, 0.75]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "tf.function"])
def test_a_loop_of_ones_own_prunes(pruned, compiled):
    model = pruned("adam")
    begin(model)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    step = tf.function(step) if compiled else step
    for start in range(0, 64, 4):
        step(tf.constant(X[start : start + 4]), tf.constant(Y[start : start + 4]))
    assert zeros(model) == [0.75, 0.75]


def begin(model):
    callback = tfprune.UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()


def test_two_replicas_hold_the_same_masks_and_weights(pruned, two_replicas):
    with two_replicas.scope():
        model = pruned("adam")
    fit(model)
    assert zeros(model) == [0.75, 0.75]
    for masked in all_masked(model):
        for variable in (masked.kernel.variable, masked.mask, masked.step):
            first, second = (replica.numpy() for replica in variable.value.values)
            np.testing.assert_array_equal(first, second)


def test_wrapper_and_optimizer_give_the_same_weights():
    wrappers = wrapped("adam")
    carried = small_model()
    carried.set_weights(
        [layer_weight.numpy() for layer_weight in tfprune.strip_pruning(wrappers).weights]
    )
    carried.compile(tfprune.PruningOptimizer("adam", SCHEDULE), "mse")
    fit(wrappers)
    fit(carried)
    for a, b in zip(tfprune.strip_pruning(wrappers).weights, carried.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


class TwoLayers(keras.Model):
    """A subclassed model, which no wrapper can reach."""

    def __init__(self):
        super().__init__()
        self.hidden, self.head = keras.layers.Dense(8), keras.layers.Dense(2)

    def call(self, x):
        return self.head(keras.ops.relu(self.hidden(x)))


def test_a_subclassed_model_is_pruned_by_the_optimizer():
    model = TwoLayers()
    model.compile(tfprune.PruningOptimizer("adam", SCHEDULE), "mse")
    model.build((None, 6))
    fit(model)
    assert zeros(model) == [0.75, 0.75]


def test_the_optimizer_alone_prunes_without_a_callback():
    model = small_model()
    model.compile(tfprune.PruningOptimizer("adam", SCHEDULE), "mse")
    model.fit(X, Y, batch_size=4, verbose=0)
    assert zeros(model) == [0.75, 0.75]


def test_fine_tuning_after_the_schedule_keeps_the_masks(pruned):
    model = pruned("adam")
    fit(model)
    masks = [masked.mask.numpy() for masked in all_masked(model)]
    model.fit(X, Y, epochs=2, verbose=0)
    assert zeros(model) == [0.75, 0.75]
    for before, masked in zip(masks, all_masked(model), strict=True):
        np.testing.assert_array_equal(before, masked.mask.numpy())
