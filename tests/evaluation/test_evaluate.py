"""What Keras' own evaluate says, of models and of files."""

import os
import signal

import keras
import numpy as np
import pytest

import tfprune
from tfprune import PruneError, evaluate
from tfprune.errors import ProcessDied
from tfprune.runners import Runner

WEIGHTS = np.linspace(0, 2, 64, dtype="float32")


@pytest.mark.parametrize("weights", [None, {"kind": WEIGHTS, "size": WEIGHTS}])
def test_a_model_a_file_and_keras_agree_on_all_that_was_compiled(two_heads, file, data, weights):
    said = two_heads.evaluate(
        *data, sample_weight=weights, batch_size=64, verbose=0, return_dict=True
    )
    given = data if weights is None else (*data, weights)
    assert dict(evaluate(two_heads, given)) == pytest.approx(said, rel=1e-4)
    assert dict(evaluate(file, given, like=two_heads)) == pytest.approx(said, rel=1e-4)


def test_a_saved_model_brings_its_loss_and_metrics(two_heads, file, data, tmp_path):
    two_heads.save(tmp_path / "m.keras")
    expected = evaluate(two_heads, data).metrics
    assert evaluate(tmp_path / "m.keras", data).metrics == pytest.approx(expected)
    assert evaluate(file, data, like=tmp_path / "m.keras").metrics == pytest.approx(expected)


def test_a_file_alone_takes_targets_and_metrics_by_the_names_of_its_signature(file, data):
    found = evaluate(file, data, {"size": "mse"})
    assert list(found) == ["size_mse"] and found.samples == 64
    assert {row.output for row in found.per_class} == {"kind"}


def test_an_int8_file_gets_and_gives_real_values(int8_file, data):
    with Runner(int8_file) as runner:
        scores = np.concatenate([runner.run([x[None]])[0] for x in data[0]])
    expected = float(np.mean(scores.argmax(1) == data[1]["kind"]))
    found = evaluate(int8_file, (data[0], data[1]["kind"]), ["accuracy"], loss="ce")
    assert found["accuracy"] == pytest.approx(expected)
    assert found["loss"] == pytest.approx(float(_crossentropy(data[1]["kind"], scores)), rel=1e-4)


def _crossentropy(labels, scores):
    return np.mean(keras.losses.sparse_categorical_crossentropy(labels, scores))


def test_integers_of_an_int8_files_own_type_are_taken_as_they_are_and_that_is_told(int8_file):
    x = np.zeros((4, 4), np.int8)
    found = evaluate(int8_file, (x, np.zeros(4, int)))
    assert any("int8, are taken as they are" in note.reason for note in found.notes)


def test_names_objects_and_functions_are_metrics(classifier, data):
    def always_two(labels, outputs):
        return 2.0 * keras.ops.ones_like(outputs[:, 0])

    y = data[1]["kind"]
    seen = keras.metrics.SparseCategoricalAccuracy(name="seen")
    seen.update_state([0], [[0.9, 0.1]])
    found = evaluate(classifier, (data[0], y), ["accuracy", seen, always_two])
    assert found["seen"] == pytest.approx(found["accuracy"]) and found["always_two"] == 2.0
    assert float(seen.result()) == 1.0  # what the user had in it is there again


def test_metrics_are_weighted_by_sample_weights(classifier, data):
    x, y = data[0], data[1]["kind"]
    right = classifier(x).numpy().argmax(1) == y
    found = evaluate(classifier, (x, y, WEIGHTS), ["accuracy"])
    assert found["accuracy"] == pytest.approx(float((right * WEIGHTS).sum() / WEIGHTS.sum()))


def test_the_model_keeps_its_own_metrics_loss_and_weights(two_heads, data):
    two_heads.evaluate(*data, verbose=0)
    before = {k: float(v) for k, v in two_heads.get_metrics_result().items()}
    evaluate(two_heads, data, {"kind": "accuracy"}, loss={"size": "mse"})
    assert {k: float(v) for k, v in two_heads.get_metrics_result().items()} == before


def test_each_class_says_how_many_were_right(classifier):
    x = np.eye(4, dtype="float32")[[0, 0, 1, 2]]
    found = evaluate(classifier, (x, np.array([0, 1, 1, 1])), per_class=["cat", "dog", "cow"])
    counts = [(row.label, row.samples, row.right, row.predicted) for row in found.per_class]
    assert counts == [("cat", 1, 1, 2), ("dog", 3, 1, 1), ("cow", 0, 0, 1)]
    assert [row.label for row in found.worst(1)] == ["dog"]
    assert found.per_class[2].accuracy is None


def test_one_hot_labels_and_metrics_of_several_numbers(classifier, data):
    labels = np.eye(3)[data[1]["kind"]]
    found = evaluate(classifier, (data[0], labels), [keras.metrics.F1Score(average=None)])
    assert len(found["f1_score"]) == 3 and sum(row.samples for row in found.per_class) == 64


def test_outputs_that_are_one_tensor_in_a_file_are_judged_each(tmp_path):
    x = keras.Input((2,))
    soft = keras.layers.Softmax()(x)
    tfprune.convert(keras.Model(x, [soft, x + 0.0, soft]), tmp_path / "shared.tflite")
    labels = [np.array([0, 0]), np.zeros((2, 2)), np.array([1, 1])]
    metrics = [["accuracy"], ["mse"], ["accuracy"]]
    found = evaluate(tmp_path / "shared.tflite", (np.eye(2), labels), metrics)
    assert dict(found) == {"output_0_accuracy": 0.5, "output_1_mse": 0.5, "output_2_accuracy": 0.5}


def test_labels_of_another_shape_than_the_outputs_are_told():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    found = evaluate(model, (np.zeros((3, 2)), np.full((3, 2), 0.5)), ["mse"])
    assert any("labels of shape (2,) beside outputs of (1,)" in n.reason for n in found.notes)


def test_a_fixed_batch_loses_no_sample(classifier, data, tmp_path):
    x, y = data[0][:7], data[1]["kind"][:7]
    tfprune.convert(classifier, tmp_path / "four.tflite", batch_size=4)
    found = evaluate(str(tmp_path / "four.tflite"), (x, y), ["accuracy"])
    assert (found.samples, found["accuracy"]) == (7, evaluate(classifier, (x, y))["accuracy"])


def test_outputs_that_are_nan_are_told_and_count_as_wrong():
    x = keras.Input((2,))
    model = keras.Model(x, keras.ops.log(x))
    found = evaluate(model, (np.array([[1.0, 2.0], [-1.0, 2.0]]), np.array([1, 0])))
    assert any("1 of 2 samples gave NaN" in note.reason for note in found.notes)
    assert [row.right for row in found.per_class] == [0, 1]


def test_labels_of_no_class_are_told(classifier):
    found = evaluate(classifier, (np.eye(4)[:2], np.array([0, 7])))
    assert any("1 labels are none of its 3 classes" in note.reason for note in found.notes)


def test_a_mask_is_told_since_a_file_knows_none():
    ids = keras.Input((3,), dtype="int32")
    steps = keras.layers.Embedding(5, 4, mask_zero=True)(ids)
    model = keras.Model(ids, keras.layers.Dense(2, "softmax", name="tags")(steps))
    found = evaluate(model, (np.array([[1, 2, 0]]), np.array([[0, 1, 1]])))
    assert any(note.subject == "tags" and "mask" in note.reason for note in found.notes)
    assert sum(row.samples for row in found.per_class) == 3


def test_a_process_that_died_is_an_error_and_no_number(file, data, monkeypatch):
    def killed(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        return original(self, *_)

    original = Runner.run_rows
    monkeypatch.setattr(Runner, "run_rows", killed)
    with pytest.raises(ProcessDied, match="SIGKILL"):
        evaluate(file, data)


WRONG = {
    "no targets": (lambda d: d[0], {}, "the data has no targets"),
    "a metric": (lambda d: d, {"metrics": {"kind": "acuracy"}}, "it has .*accuracy"),
    "an output": (lambda d: d, {"metrics": {"knd": "acc"}}, "there are kind"),
    "too many": (lambda d: d, {"metrics": ["acc"] * 3}, "the model has 2 outputs: kind, size"),
    "a loss": (lambda d: d, {"loss": "mean_squared_eror"}, "it has .*mean_squared_error"),
    "arguments": (lambda d: d, {"metrics": {"kind": "MeanIoU"}}, "pass the object"),
    "a model": (lambda d: d, {"like": "m.keras"}, "leave out like="),
    "a size": (lambda d: d, {"batch_size": 0}, "batch_size=32"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_measured_is_an_error_that_says_what_can(two_heads, data, case):
    make, arguments, words = WRONG[case]
    with pytest.raises(PruneError, match=words):
        evaluate(two_heads, make(data), **arguments)


def test_a_name_that_was_not_measured_is_an_error_with_the_nearest(classifier, data):
    found = evaluate(classifier, (data[0], data[1]["kind"]))
    with pytest.raises(PruneError, match="there is accuracy"):
        found["acuracy"]
