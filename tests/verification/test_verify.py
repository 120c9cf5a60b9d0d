from __future__ import annotations

import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfprune.emulation import Target
from tfprune.errors import FileError, ProcessDied, PruneError, VerificationError
from tfprune.export import convert
from tfprune.verification import verify

layers = keras.layers
PRECISIONS = ("float32", "float16", "dynamic", "int8", "int16x8")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_right_file_passes_with_and_without_xnnpack(classifier, files, precision):
    result = verify(classifier, files[precision])
    assert result.passed and result.precision == precision
    assert [check.name.split("litert ")[1] for check in result.checks] == [
        "with XNNPACK",
        "without XNNPACK",
    ]


@pytest.mark.parametrize("layer", ["stem", "point", "head"])
def test_a_changed_kernel_is_found_and_its_layer_named(classifier, files, layer):
    kernel = classifier.get_layer(layer).kernel
    kernel.assign(kernel.numpy() + 0.1)
    with pytest.raises(VerificationError) as error:
        verify(classifier, files["float32"])
    assert f"first layer whose output differs is {layer!r}" in error.value.found


def test_a_changed_weight_is_found_in_an_int8_file_too(classifier, files, images):
    kernel = classifier.get_layer("point").kernel
    kernel.assign(-kernel.numpy())
    with pytest.raises(VerificationError, match="differs is 'point'"):
        verify(classifier, files["int8"], images)


def test_a_failure_can_be_returned_instead_of_raised(classifier, files):
    classifier.get_layer("head").bias.assign([9.0, 0, 0, 0])
    result = verify(classifier, files["float32"], raise_on_failure=False)
    assert not result.passed and result.culprit == "head"
    assert json.loads(json.dumps(result.to_dict()))["passed"] is False


def test_zeros_that_the_file_does_not_have_are_an_error_that_names_the_kernel(classifier, files):
    kernel = classifier.get_layer("point").kernel
    pruned = kernel.numpy()
    pruned[..., :4] = 0.0
    kernel.assign(pruned)
    with pytest.raises(
        VerificationError, match="the kernel 'point/kernel' lost 64 of its 64 zeros"
    ):
        verify(classifier, files["float32"])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_zeros_survive_in_every_precision(classifier, images, tmp_path, precision):
    kernel = classifier.get_layer("point").kernel
    kernel.assign(np.where(np.abs(kernel.numpy()) < 0.3, 0.0, kernel.numpy()))
    zeros = int((kernel.numpy() == 0).sum())
    quantize = None if precision == "float32" else precision
    convert(classifier, tmp_path / "m.tflite", quantize, images, sparse=False)
    [check] = [
        k for k in verify(classifier, tmp_path / "m.tflite").kernels if k.kernel == "point/kernel"
    ]
    assert check.zeros_before == zeros > 0 and check.zeros_after >= zeros and check.lost == 0


def test_a_keras_file_stands_for_its_model(classifier, files, tmp_path):
    classifier.save(tmp_path / "m.keras")
    assert verify(tmp_path / "m.keras", files["float32"]).passed


@pytest.mark.parametrize("form", ["array", "dict", "dataset", "list"])
def test_real_inputs_come_in_any_form_that_fit_takes(classifier, files, images, form):
    inputs = {
        "array": images,
        "dict": {"image": images},
        "dataset": tf.data.Dataset.from_tensor_slices((images, np.zeros(16))).batch(4),
        "list": [images],
    }[form]
    result = verify(classifier, files["float32"], inputs, samples=4)
    assert result.passed and result.checks[0].detail.startswith("4 given samples")


def test_random_inputs_say_so(classifier, files):
    detail = verify(classifier, files["float32"], samples=3).checks[0].detail
    assert detail.startswith("3 random samples, seed 0, floats in [0, 1]")


def test_the_user_can_set_the_tolerance(classifier, files):
    with pytest.raises(VerificationError, match="tolerance 1e-12"):
        verify(classifier, files["float16"], tolerance=1e-12)


def test_the_model_is_not_changed(classifier, files):
    before = [w.copy() for w in classifier.get_weights()]
    verify(classifier, files["float32"])
    for old, new in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((8,), r"input 'image' of shape \(1, 16, 16, 3\), in Keras it is \(1, 8\)"),
        ((32, 32, 3), r"in Keras it is \(1, 32, 32, 3\)"),
    ],
)
def test_the_file_of_another_model_is_refused(files, shape, found):
    image = keras.Input(shape, name="image")
    other = keras.Model(image, layers.Dense(4)(layers.Flatten()(image)))
    with pytest.raises(VerificationError, match=found):
        verify(other, files["float32"])


def test_a_model_with_other_outputs_is_refused(files):
    image = keras.Input((16, 16, 3), name="image")
    other = keras.Model(image, layers.Dense(7)(layers.Flatten()(image)))
    with pytest.raises(VerificationError, match=r"'output_0' of shape \(1, 4\), in Keras .* 7\)"):
        verify(other, files["float32"])


def two_heads(container):
    a, b = keras.Input((4,), name="zeta"), keras.Input((4,), name="alpha")
    x = layers.Concatenate(name="join")([layers.Dense(3, name="left")(a), b])
    one, two = layers.Dense(2, name="one")(x), layers.Dense(2, name="two")(x)
    inputs = [a, b] if container is list else {"zeta": a, "alpha": b}
    return keras.Model(inputs, [one, two] if container is list else {"y": one, "b": two})


@pytest.mark.parametrize("container", [list, dict])
def test_several_inputs_and_outputs_are_paired_by_name(tmp_path, container):
    """The converter reorders outputs; two of the same shape must not be mixed up."""
    keras.utils.set_random_seed(0)
    model = two_heads(container)
    convert(model, tmp_path / "m.tflite")
    result = verify(model, tmp_path / "m.tflite")
    assert result.passed and result.notes == () and len(result.checks) == 4


def test_of_several_outputs_the_wrong_one_is_named(tmp_path):
    keras.utils.set_random_seed(0)
    model = two_heads(list)
    convert(model, tmp_path / "m.tflite")
    model.get_layer("two").bias.assign([1.0, -1.0])
    result = verify(model, tmp_path / "m.tflite", raise_on_failure=False)
    assert [c.name[-8:] for c in result.checks if not c.passed] == ["output_1", "output_1"]
    assert result.culprit == "two"


@keras.saving.register_keras_serializable("tfprune-tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(2, name="inside")

    def call(self, inputs):
        return self.dense(inputs)


def test_a_subclassed_model_is_compared_and_its_output_named(tmp_path):
    keras.utils.set_random_seed(0)
    model = Subclassed()
    model(np.zeros((1, 3), np.float32))
    convert(model, tmp_path / "m.tflite")
    assert verify(model, tmp_path / "m.tflite").passed
    model.dense.bias.assign([1.0, 0.0])
    with pytest.raises(VerificationError, match="no single layer could be found"):
        verify(model, tmp_path / "m.tflite")


def test_a_wrapped_model_is_compared_as_it_is(classifier, tmp_path):
    from tfprune.masks import prune_low_magnitude

    wrapped = prune_low_magnitude(classifier)
    convert(wrapped, tmp_path / "m.tflite")
    assert verify(wrapped, tmp_path / "m.tflite").passed


def test_of_a_sequential_model_the_wrong_layer_is_named(tmp_path):
    first, second = layers.Dense(5, activation="tanh", name="one"), layers.Dense(2, name="two")
    model = keras.Sequential([keras.Input((4,)), first, second])
    convert(model, tmp_path / "m.tflite")
    assert verify(model, tmp_path / "m.tflite").passed
    first.bias.assign(np.ones(5))
    with pytest.raises(VerificationError, match="differs is 'one'"):
        verify(model, tmp_path / "m.tflite")


def test_a_tf_keras_model_is_compared_too(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    tf_keras.utils.set_random_seed(0)
    dense = tf_keras.layers.Dense(5, name="head")
    model = tf_keras.Sequential([tf_keras.Input((6,), name="features"), dense])
    dense.kernel.assign(np.eye(6, 5))
    convert(model, tmp_path / "m.tflite")
    result = verify(model, tmp_path / "m.tflite")
    assert result.passed and result.kernels[0].zeros_after == 25


def test_a_half_precision_model_is_compared_in_float32(tmp_path):
    keras.utils.set_random_seed(0)
    image = keras.Input((4,), name="x")
    model = keras.Model(image, layers.Dense(3, dtype="mixed_float16", name="half")(image))
    convert(model, tmp_path / "m.tflite")
    result = verify(model, tmp_path / "m.tflite")
    assert result.passed and "rebuilt in float32" in result.notes[0].reason


def test_token_ids_are_random_too(tmp_path):
    tokens = keras.Input((5,), dtype="int32", name="tokens")
    x = layers.GlobalAveragePooling1D()(layers.Embedding(10, 4)(tokens))
    model = keras.Model(tokens, layers.Dense(2)(x))
    convert(model, tmp_path / "m.tflite")
    assert verify(model, tmp_path / "m.tflite").passed


def test_nan_on_both_sides_is_said(tmp_path):
    x = keras.Input((1,))
    model = keras.Model(x, keras.ops.log(layers.Dense(1)(x) * 0 - 1))  # log(-1)
    convert(model, tmp_path / "m.tflite")
    detail = verify(model, tmp_path / "m.tflite").checks[0].detail
    assert "8 values are NaN or infinite on both sides" in detail


def test_nan_on_one_side_is_a_failure(classifier, files):
    classifier.get_layer("head").bias.assign([np.nan, 0, 0, 0])
    with pytest.raises(VerificationError, match="8 values are NaN or infinite on one side only"):
        verify(classifier, files["float32"])


def test_a_truncated_file_is_a_file_error(classifier, files, tmp_path):
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(files["float32"].read_bytes()[:2000])
    with pytest.raises(FileError):
        verify(classifier, cut)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"samples": 0}, "samples=0\nfound: at least one"),
        ({"tolerance": -1.0}, "tolerance=-1.0"),
        (
            {"inputs": np.zeros((4, 3))},
            r"verify on the given inputs\nfound: .*samples of shape \(16, 16, 3\)",
        ),
        ({"inputs": np.zeros((0, 16, 16, 3))}, "verify on the given inputs\nfound: .*empty"),
    ],
)
def test_bad_arguments_are_errors_that_repeat_them(classifier, files, setting, message):
    with pytest.raises(PruneError, match=message):
        verify(classifier, files["float32"], **setting)


def test_something_that_is_no_model_is_refused(files):
    with pytest.raises(PruneError, match="an object of type list"):
        verify([1, 2], files["float32"])


def test_a_keras_path_without_a_file_is_an_error(files):
    with pytest.raises(FileError, match=r"load no\.keras"):
        verify("no.keras", files["float32"])


def test_a_network_that_forgets_its_inputs_is_said_to_prove_little(tmp_path):
    inner = keras.layers.Dense(3, bias_initializer="ones", name="inner")
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2)])
    convert(model, tmp_path / "model.tflite")
    assert verify(model, tmp_path / "model.tflite").notes == ()
    inner.kernel.assign(1e-6 * inner.kernel)
    convert(model, tmp_path / "model.tflite")
    [note] = verify(model, tmp_path / "model.tflite").notes
    assert "mistake in the first layers would not be seen" in note.reason
    assert verify(model, tmp_path / "model.tflite", samples=1).notes == ()


def test_a_process_that_dies_is_an_error_and_no_failed_comparison(classifier, files, monkeypatch):
    """As an emulated NumPy did that met an instruction its core does not have."""
    dying = Target("x86-noavx", ("sh", "-c", "kill -ILL $$"), "a shell that ends itself")
    module = importlib.import_module("tfprune.verification.verify")
    monkeypatch.setattr(module, "find_target", lambda _: dying)
    with pytest.raises(ProcessDied, match="it was ended by SIGILL"):
        verify(classifier, files["float32"], raise_on_failure=False)
