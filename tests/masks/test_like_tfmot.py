"""What tfmot's guides and its own tests do, with only the import changed."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfprune
from tests.masks.conftest import X, Y, small_model
from tfprune.errors import PruneError, PruneWarning
from tfprune.masks import PrunableLayer, PruneLowMagnitude
from tfprune.masks.callbacks import all_masked
from tfprune.plan import PruningPolicy
from tfprune.schedules import PruningSchedule

AT_ONCE = tfprune.ConstantSparsity(0.5, begin_step=1, frequency=1)


def test_a_layer_without_kernels_in_a_list_comes_back_as_it_is_with_a_row(caplog):
    caplog.set_level("INFO", "tfprune")
    given = [layers.Dense(2), layers.Flatten(name="flat"), layers.Dropout(0.4), layers.LSTM(2)]
    pruned = tfprune.prune_low_magnitude(given, AT_ONCE)
    assert [type(one).__name__ for one in pruned] == [
        *("PruneLowMagnitude", "Flatten", "Dropout", "PruneLowMagnitude")
    ]
    assert pruned[1] is given[1]
    assert "flat: Flatten has no kernel" in caplog.text


def test_clone_function_wraps_what_has_kernels():
    model = keras.models.clone_model(small_model(), clone_function=tfprune.prune_low_magnitude)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["PruneLowMagnitude", "BatchNormalization", "PruneLowMagnitude"]


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
def test_a_model_that_begins_with_a_wrapper_of_known_input_is_built():
    first = tfprune.prune_low_magnitude(layers.Dense(4, input_shape=(6,)))
    model = keras.Sequential([first, layers.Flatten()])
    assert model.built and model.input_shape == (None, 6)
    assert isinstance(first, keras.layers.Wrapper)


class Allows(PruningPolicy):
    def __init__(self, kind):
        self.kind, self.asked = kind, []

    def allow_pruning(self, layer):
        self.asked.append(type(layer).__name__)
        return isinstance(layer, self.kind)

    def ensure_model_supports_pruning(self, model):
        pass


def several_kinds():
    steps = keras.Input((5, 4))
    x = layers.MultiHeadAttention(2, 2, name="attention")(steps, steps)
    return keras.Model(steps, layers.Dense(2, name="head")(layers.LSTM(3, name="lstm")(x)))


@pytest.mark.parametrize(
    ("kind", "pruned"),
    [
        (layers.LSTM, {"lstm"}),
        (layers.MultiHeadAttention, {"attention"}),
        (layers.Dense, {"head"}),
    ],
)
def test_a_policy_is_asked_about_the_layer_that_the_user_sees(kind, pruned):
    policy = Allows(kind)
    rows = tfprune.plan_pruning(several_kinds(), AT_ONCE, pruning_policy=policy).rows
    assert {row.kernel.split("/")[0] for row in rows if row.rule is not None} == pruned
    assert set(policy.asked) == {"MultiHeadAttention", "LSTM", "Dense"}
    rows = tfprune.plan_pruning(several_kinds(), AT_ONCE, rules={kind: None}).rows
    assert {row.kernel.split("/")[0] for row in rows if row.rule is None} == pruned


def test_a_policy_is_any_object_with_allow_pruning():
    class Duck:
        def allow_pruning(self, layer):
            return layer.name == "head"

    model = tfprune.prune_low_magnitude(small_model(), pruning_policy=Duck())
    assert [masked.name for masked in all_masked(model)] == ["head/kernel"]
    with pytest.raises(PruneError, match="has no method allow_pruning"):
        tfprune.prune_low_magnitude(layers.Dense(2), pruning_policy="dense")


def test_weights_of_a_wrapper_are_those_of_its_layer_first():
    layer = layers.Dense(2)
    wrapper = tfprune.prune_low_magnitude(layer, AT_ONCE)
    wrapper.build((None, 4))
    kernel, bias = np.full((4, 2), 3.0), np.full(2, 4.0)
    wrapper.set_weights([kernel, bias])
    np.testing.assert_array_equal(layer.kernel, kernel)
    read = wrapper.get_weights()
    np.testing.assert_array_equal(read[1], bias)
    assert [value.dtype.name for value in read[2:]] == ["bool", "int32"]
    wrapper.set_weights(read)
    assert wrapper.layer.get_prunable_weights() == [layer.kernel]


def test_what_tfmot_lets_read_can_be_read():
    model = tfprune.prune_low_magnitude(small_model(), AT_ONCE, block_size=[1, 2])
    wrapper = model.layers[0]
    assert wrapper.pruning_schedule == AT_ONCE and wrapper.pruning_step == -1
    assert (wrapper.block_size, wrapper.block_pooling_type) == ((1, 2), "AVG")
    assert wrapper.sparsity_m_by_n is None
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=32, verbose=0, callbacks=[tfprune.UpdatePruningStep()])
    [(kernel, mask, threshold)] = wrapper.pruning_vars
    assert wrapper.pruning_step == 2
    assert threshold == np.abs(kernel.numpy()[mask.numpy()]).min()


def test_the_kernels_of_a_wrapped_layer_keep_their_axes():
    einsum = layers.EinsumDense("abc,cde->abde", (None, 2, 5))
    wrapper = tfprune.prune_low_magnitude(einsum, sparsity_m_by_n=(2, 4))
    wrapper.build((None, 3, 4))
    assert wrapper.masked[0].kernel.out_axes == (1, 2)


def unbuilt():
    return keras.Sequential([PruneLowMagnitude(layers.Dense(4), AT_ONCE), layers.Dense(2)])


@pytest.mark.parametrize("eager", [True, False])
def test_a_model_that_fit_builds_gets_its_first_mask(eager, recwarn):
    model = unbuilt()
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=eager)
    model.fit(X, Y, batch_size=64, verbose=0, callbacks=[tfprune.UpdatePruningStep()])
    assert not [w for w in recwarn if issubclass(w.category, PruneWarning)]
    assert model.layers[0].masked[0].steps_begun == 2
    assert np.mean(model.layers[0].layer.kernel.numpy() == 0) == 0.5


def test_summaries_work_in_a_loop_of_ones_own_and_log_thresholds(tmp_path):
    model = tfprune.prune_low_magnitude(small_model(), AT_ONCE)
    optimizer, loss, unused = keras.optimizers.SGD(), keras.losses.mean_squared_error, -1
    model.optimizer = optimizer
    step_callback, log_callback = (
        tfprune.UpdatePruningStep(),
        tfprune.PruningSummaries(log_dir=str(tmp_path)),
    )
    step_callback.set_model(model)
    log_callback.set_model(model)
    step_callback.on_train_begin()
    for _ in range(3):
        log_callback.on_epoch_begin(epoch=unused)
        step_callback.on_train_batch_begin(batch=unused)
        with tf.GradientTape() as tape:
            value = loss(Y, model(X, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        step_callback.on_epoch_end(batch=unused)
    assert model.layers[0].pruning_step == 3
    [file] = (tmp_path / "metrics").iterdir()
    events = tf.compat.v1.train.summary_iterator(str(file))
    written = {value.tag for event in events for value in event.summary.value}
    assert {"hidden/kernel/sparsity", "hidden/kernel/threshold"} <= written


class FromTfmot(PruningSchedule):
    """As a user of tfmot writes it."""

    def __init__(self, target, begin_step, end_step=-1, frequency=1):
        self._validate_step(begin_step, end_step, frequency, True)
        self._validate_sparsity(target, "target")
        self.target, self.begin_step = target, begin_step
        self.end_step, self.frequency = end_step, frequency

    def __call__(self, step):
        due = self._should_prune_in_step(step, self.begin_step, self.end_step, self.frequency)
        return due, tf.constant(self.target, dtype=tf.float32)

    def get_config(self):
        config = {"target": self.target, "begin_step": self.begin_step}
        return {"class_name": type(self).__name__, "config": config}


def test_a_schedule_written_for_tfmot_prunes_and_is_saved(tmp_path):
    model = tfprune.prune_low_magnitude(small_model(), FromTfmot(0.5, 1))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[tfprune.UpdatePruningStep()])
    assert np.mean(model.layers[0].layer.kernel.numpy() == 0) == 0.5
    model.save(tmp_path / "half.keras")
    with keras.saving.CustomObjectScope({"FromTfmot": FromTfmot}), tfprune.prune_scope():
        loaded = keras.saving.load_model(tmp_path / "half.keras")
    assert loaded.layers[0].pruning_schedule.target == 0.5
    with pytest.raises(PruneError, match="frequency must be 1 or more"):
        FromTfmot(0.5, 1, frequency=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sparsity_m_by_n": 4},
        {"sparsity_m_by_n": "2:4"},
        {"sparsity_m_by_n": (1, 2, 4)},
        {"sparsity_m_by_n": (2.5, 4)},
        {"sparsity_m_by_n": (4, 2)},
        {"block_size": 4},
        {"block_size": (1.5, 2)},
        {"block_size": "44"},
        {"block_pooling_type": "MIN"},
        {"pruning_schedule": 0.5},
        {"rules": [("head", None)]},
        {"prunning_schedule": AT_ONCE},
    ],
    ids=str,
)
def test_a_wrong_setting_is_a_value_error_with_words(wrong):
    with pytest.raises(ValueError, match=r"^asked: .*\nfound: .*\nfix: "):
        tfprune.prune_low_magnitude(small_model(), **wrong)
    with pytest.raises(ValueError, match=r"^asked: .*\nfound: .*\nfix: "):
        tfprune.prune_low_magnitude(layers.Dense(2), **wrong)


@pytest.mark.parametrize("step", ["0", 1.5, None, True])
def test_a_step_that_is_no_whole_number_is_refused(step):
    with pytest.raises(PruneError, match="not a whole number"):
        tfprune.ConstantSparsity(0.5, begin_step=step)
    with pytest.raises(PruneError, match="sparsity is a number"):
        tfprune.ConstantSparsity("half", begin_step=0)


def test_pruning_a_pruned_model_says_which_schedule_is_in_force(caplog):
    once = tfprune.prune_low_magnitude(small_model(), AT_ONCE, rules={"head": None})
    other = tfprune.ConstantSparsity(0.9, begin_step=7)
    twice = tfprune.prune_low_magnitude(once, other)
    told = f"wrapped already: {AT_ONCE} stays in force"
    assert told in caplog.text
    assert [masked.rule.pruning_schedule for masked in all_masked(twice)] == [AT_ONCE, other]
    [row] = [row for row in tfprune.plan_pruning(once, other).rows if row.wrapped]
    assert row.kernel == "hidden/kernel" and row.reason == told
    caplog.clear()
    assert tfprune.prune_low_magnitude(once.layers[0], other) is once.layers[0]
    assert told in caplog.text


def test_a_rule_inherits_what_it_does_not_say_from_the_call(tmp_path):
    rules = {"head": tfprune.Rule(AT_ONCE), "hidden": tfprune.Rule(pattern=tfprune.Block())}
    later = tfprune.ConstantSparsity(0.8, begin_step=3)
    model = tfprune.prune_low_magnitude(small_model(), later, block_size=(1, 2), rules=rules)
    hidden, head = (masked.rule for masked in all_masked(model))
    assert (hidden.pruning_schedule, hidden.pattern) == (later, tfprune.Block())
    assert (head.pruning_schedule, head.pattern) == (AT_ONCE, tfprune.Block((1, 2)))
    optimizer = tfprune.PruningOptimizer("sgd", later, block_size=(1, 2), rules=rules)
    assert optimizer.rules["head"].pattern == tfprune.Block((1, 2))


class MakesItsOwn(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = tfprune.prune_low_magnitude(layers.Dense(4), AT_ONCE)

    def call(self, x):
        return self.inner(x)


class MakesItInBuild(layers.Layer):
    def build(self, shape):
        self.inner = tfprune.prune_low_magnitude(layers.Dense(4), AT_ONCE)
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize("kind", [MakesItsOwn, MakesItInBuild])
def test_a_wrapper_made_inside_a_custom_layer_cannot_be_stripped_and_says_so(kind):
    model = keras.Sequential([keras.Input((4,)), kind(name="own"), layers.Dense(2)])
    with pytest.raises(PruneError) as error:
        tfprune.strip_pruning(model)
    assert "asked: strip the layer 'own'\nfound: its own code makes the wrapper PruneLow" in str(
        error.value
    )


def test_the_warning_after_a_fit_names_the_kernels():
    late = tfprune.ConstantSparsity(0.5, begin_step=100)
    model = tfprune.prune_low_magnitude(small_model(), late)
    model.compile("sgd", "mse")
    with pytest.warns(PruneWarning, match="^hidden/kernel, head/kernel: the fit ended after 1 "):
        model.fit(X, Y, batch_size=64, verbose=0, callbacks=[tfprune.UpdatePruningStep()])


class Own(layers.Dense, PrunableLayer):
    """tfmot's own test class: what `get_prunable_weights` returns is pruned, biases too."""

    def get_prunable_weights(self):
        return [self.kernel, self.bias]


def test_a_prunable_layer_prunes_what_it_names():
    wrapper = tfprune.prune_low_magnitude(Own(4), AT_ONCE)
    wrapper.build((None, 6))
    assert len(wrapper.pruning_vars) == 2
