"""A student learns from its teacher in a fit that is otherwise its own."""

import keras
import numpy as np
import pytest
from keras import layers, losses

import tfprune
from tfprune import Distilled, PruneError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype("float32")
Y = RNG.integers(0, 3, 8)
LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)


def network(width, last=None, seed=0, **settings):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    x = layers.Dense(width, "relu", name="hidden", **settings)(inputs)
    return keras.Model(inputs, layers.Dense(3, last, name="head")(x))


def softmax(z):
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def loss_of(distilled, x=X, y=Y, **settings):
    """The loss that a training step starts from."""
    return distilled.train_on_batch(x, y, return_dict=True, **settings)["loss"]


def compiled(student, teacher, *args, loss=LOGITS, **settings):
    distilled = Distilled(student, teacher, *args, **settings)
    distilled.compile(keras.optimizers.SGD(0.0), loss)
    return distilled


def divergence(t, s, temperature):
    p, q = softmax(t / temperature), softmax(s / temperature)
    return temperature**2 * np.mean(np.sum(p * np.log(p / q), -1))


def test_the_loss_is_that_of_the_labels_and_the_divergence_from_the_softened_teacher():
    student, teacher = network(2), network(5, seed=1)
    hard = LOGITS(Y, student(X))
    soft = divergence(np.asarray(teacher(X)), np.asarray(student(X)), 2.0)
    found = loss_of(compiled(student, teacher, 2.0, 0.25))
    assert found == pytest.approx(0.75 * float(hard) + 0.25 * soft, rel=1e-5)


@pytest.mark.parametrize("of_student", ["softmax", None])
@pytest.mark.parametrize("of_teacher", ["softmax", None])
def test_logits_and_probabilities_teach_alike(of_student, of_teacher):
    student, teacher = network(2, of_student), network(5, of_teacher, seed=1)
    loss = losses.SparseCategoricalCrossentropy(from_logits=of_student is None)
    expected = loss_of(compiled(network(2), network(5, seed=1)))
    assert loss_of(compiled(student, teacher, loss=loss)) == pytest.approx(expected, rel=1e-4)


def test_alpha_0_is_the_students_own_fit_step_by_step():
    alone, together = network(2), network(2)
    distilled = Distilled(together, network(5, seed=1), alpha=0.0)
    for model in (alone, distilled):
        model.compile("adam", LOGITS)
        model.fit(X, Y, epochs=2, shuffle=False, batch_size=4, verbose=0)
    for one, other in zip(alone.get_weights(), together.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_evaluate_metrics_and_callbacks_are_those_of_the_student():
    student = network(2)
    student.compile("sgd", LOGITS, metrics=["accuracy"])
    distilled = Distilled(student, network(5, seed=1))  # compiled as the student is
    stopping = keras.callbacks.EarlyStopping("val_accuracy", restore_best_weights=True)
    distilled.fit(X, Y, validation_data=(X, Y), epochs=2, callbacks=[stopping], verbose=0)
    assert distilled.evaluate(X, Y, verbose=0) == student.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(distilled.predict(X, verbose=0), student.predict(X, verbose=0))


def test_the_teacher_is_never_changed():
    teacher = keras.Sequential(
        [keras.Input((4,)), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3)]
    )
    before, flags = teacher.get_weights(), [v.trainable for v in teacher.variables]
    distilled = compiled(network(2), teacher)
    distilled.optimizer.learning_rate = 0.1
    distilled.fit(X, Y, verbose=0)
    assert all(map(np.array_equal, before, teacher.get_weights()))
    assert flags == [v.trainable for v in teacher.variables] and not teacher.compiled
    assert not {id(v) for v in distilled.variables} & {id(v) for v in teacher.variables}


def test_regularizers_count_in_full_and_sample_weights_for_the_teacher_too():
    decayed, teacher = network(2, kernel_regularizer=keras.regularizers.L2(10.0)), network(5)
    plain = network(2)
    added = 10 * float(np.sum(np.square(plain.get_layer("hidden").kernel)))
    assert loss_of(compiled(decayed, teacher)) == pytest.approx(
        loss_of(compiled(plain, teacher)) + added, rel=1e-5
    )
    weights = np.repeat([2.0, 0.0], 4)  # the mean over all 8 of twice the first four
    half = loss_of(compiled(plain, teacher), X[:4], Y[:4])
    weighted = loss_of(compiled(plain, teacher), sample_weight=weights)
    assert weighted == pytest.approx(half, rel=1e-5)


def heads(width, seed=0):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    x = layers.Dense(width, "relu")(inputs)
    kinds = {"kind": layers.Dense(3, name="kind")(x), "tags": layers.Dense(2, name="tags")(x)}
    return keras.Model(inputs, {**kinds, "size": layers.Dense(1, name="size")(x)})


def test_each_output_learns_by_its_own_kind_of_loss():
    student, teacher = heads(2), heads(5, seed=1)
    tags = losses.BinaryCrossentropy(from_logits=True)
    y = {"kind": Y, "tags": RNG.integers(0, 2, (8, 2)), "size": X[:, :1]}
    found = loss_of(
        compiled(student, teacher, 2.0, 1.0, loss={"kind": LOGITS, "tags": tags, "size": "mse"}),
        y=y,
    )
    own, other = ({k: np.asarray(v) for k, v in m(X).items()} for m in (student, teacher))
    both = [np.stack([np.zeros_like(m["tags"]), m["tags"]], -1) for m in (other, own)]
    expected = divergence(other["kind"], own["kind"], 2.0) + divergence(*both, 2.0)
    assert found == pytest.approx(expected + np.mean((other["size"] - own["size"]) ** 2), rel=1e-4)


def test_hints_of_equal_width_are_compared_as_they_are():
    student, teacher = network(2), network(2, seed=1)
    features = [
        np.asarray(keras.Model(m.inputs, m.get_layer("hidden").output)(X))
        for m in (student, teacher)
    ]
    share = np.mean((features[0] - features[1]) ** 2) / np.mean(features[1] ** 2)
    without = loss_of(compiled(student, teacher, alpha=1.0))
    found = loss_of(compiled(student, teacher, alpha=1.0, hints=["hidden"]))
    assert found == pytest.approx(without + share, rel=1e-4)


def test_a_wider_teacher_hints_through_a_map_that_is_learned_and_not_saved(tmp_path):
    student = network(2)
    distilled = Distilled(student, network(5, seed=1), hints={"hidden": "hidden"})
    distilled.compile(keras.optimizers.Adam(0.01), LOGITS)
    before = np.array(distilled.adapters[0].kernel)
    history = distilled.fit(X, Y, epochs=20, verbose=0).history["loss"]
    assert history[-1] < history[0] and not np.array_equal(before, distilled.adapters[0].kernel)
    distilled.save(tmp_path / "student.keras")
    again = keras.models.load_model(tmp_path / "student.keras")
    np.testing.assert_array_equal(again(X), student(X))
    assert len(again.variables) == len(student.variables)


def test_a_masked_student_stays_masked_and_an_int8_student_learns():
    schedule = tfprune.ConstantSparsity(0.5, begin_step=0, frequency=1)
    masked = tfprune.prune_low_magnitude(network(4), pruning_schedule=schedule)
    distilled = Distilled(masked, network(5, seed=1), hints=["hidden"])
    distilled.compile("adam", LOGITS)
    distilled.fit(X, Y, callbacks=[tfprune.UpdatePruningStep()], verbose=0)
    stripped = tfprune.strip_pruning(masked)
    assert np.count_nonzero(stripped.get_layer("hidden").kernel) == 8
    rounded = tfprune.quantize_model(stripped)
    history = Distilled(rounded, network(5, seed=1)).fit(X, Y, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_a_student_in_half_precision_scales_its_loss():
    student = network(2, dtype="mixed_float16")
    distilled = Distilled(student, network(5, seed=1))
    distilled.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)), LOGITS)
    assert np.isfinite(distilled.fit(X, Y, verbose=0).history["loss"]).all()


def reshaped(units):
    return keras.Sequential([keras.Input((4,)), layers.Dense(units)])


MODEL = network(2)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: Distilled(MODEL, MODEL), "the same model"),
        (lambda: Distilled(MODEL, reshaped(4)), r"student gives \[\(None, 3\)\]"),
        (lambda: Distilled(MODEL, network(2), temperature=0.0), "above 0"),
        (lambda: Distilled(MODEL, network(2), alpha=1.5), "0 <= alpha <= 1"),
        (lambda: Distilled(MODEL, network(2), hints=["hiden"]), "hidden"),
        (lambda: Distilled(MODEL, network(2), hints={"hidden": "*"}), "means 2 calls"),
        (lambda: compiled(network(2), network(2), loss="sparse_categorical_crossentropy"), "prob"),
        (lambda: compiled(MODEL, network(2, lambda x: 2 * x)), "logits or probabilities"),
    ],
)
def test_what_cannot_be_distilled_is_refused(make, found):
    with pytest.raises(PruneError, match=found):
        make()
