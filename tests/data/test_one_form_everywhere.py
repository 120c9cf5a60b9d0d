"""One form of data everywhere: forms by verbs, the same rows give the same result."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfprune
from tfprune.channels import trace
from tfprune.criteria import Activation, Taylor
from tfprune.errors import PruneError, PruneWarning
from tfprune.export.calibration import samples
from tfprune.graph import inputs_of
from tfprune.repairing import recalibrate
from tfprune.runners import TensorSpec
from tfprune.runners.given import given_inputs
from tfprune.verification.data import given_batches

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = np.arange(8) % 2
SLICES = tf.data.Dataset.from_tensor_slices


class Pages(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, i):
        return X, Y


def arrays(path):
    np.savez(path / "data.npz", x=X, y=Y)
    return path / "data.npz"


def saved(path):
    SLICES((X, Y)).save(str(path / "saved"))
    return str(path / "saved")


def table(path):
    rows = [",".join(map(repr, [*map(float, x), int(y)])) for x, y in zip(X, Y, strict=True)]
    (path / "data.csv").write_text("\n".join(["a,b,c,d,y", *rows]))
    return path / "data.csv"


FORMS = {
    "a pair": lambda path: (X, Y),
    "a triple": lambda path: (X, Y, np.ones(8)),
    "a dict and targets": lambda path: ({"x": X}, Y),
    "a list and targets": lambda path: ([X.astype("float64")], Y),
    "a batched tf.data.Dataset": lambda path: SLICES((X, Y)).batch(8),
    "a tf.data.Dataset of samples": lambda path: SLICES((X, Y)),
    "a PyDataset": lambda path: Pages(),
    "a generator": lambda path: ((x, y) for x, y in [(X, Y)]),
    "a function": lambda path: lambda: [(X, Y)],
    ".npz": arrays,
    ".csv": table,
    "a saved tf.data.Dataset": saved,
}


def scored(criterion, model):
    return criterion.scores(model, trace(model).groups[:1])[0]


FILE = [TensorSpec(name="serving_x:0", shape=(8, 4), dtype="float32", signature="x")]
VERBS = {
    "Activation": lambda model, data: scored(Activation(data), model),
    "Taylor": lambda model, data: scored(Taylor(data, "sparse_categorical_crossentropy"), model),
    "recalibrate": lambda model, data: recalibrate(model, data).get_layer("norm").get_weights()[2],
    "convert, quantization_errors": lambda model, data: [
        sample["x"] for sample in samples(data, (tf.TensorSpec((1, 4), name="x"),), model)[0]
    ],
    "verify": lambda model, data: [
        b["x"] for b in given_batches(data, inputs_of(model), model, 8)[0]
    ],
    "benchmark": lambda model, data: given_inputs(data, FILE, "time it")[0],
    "evaluate": lambda model, data: tfprune.evaluate(model, data, loss="ce")["loss"],
}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    y = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(3, name="hidden")(x))
    return keras.Model(x, keras.layers.Dense(2, "softmax", name="label")(y))


@pytest.mark.filterwarnings("ignore::tfprune.errors.PruneWarning")
@pytest.mark.parametrize("verb", VERBS)
def test_the_same_rows_in_any_form_give_the_same_result(model, verb, tmp_path):
    expected = VERBS[verb](model, (X, Y))
    for form, make in FORMS.items():
        np.testing.assert_allclose(
            VERBS[verb](model, make(tmp_path)), expected, rtol=1e-5, atol=1e-6, err_msg=form
        )


def test_single_samples_are_said_where_there_is_no_row_for_notes(model):
    with pytest.warns(PruneWarning, match="single samples: they were put together"):
        scored(Activation(SLICES(X)), model)


NAN = np.where(np.arange(32).reshape(8, 4) == 31, np.nan, X)
REAL = {
    "criteria": lambda model, path: scored(Activation(NAN), model),
    "recalibrate": lambda model, path: recalibrate(model, NAN),
    "convert": lambda model, path: tfprune.convert(model, path, "int8", NAN),
    "verify": lambda model, path: tfprune.verify(model, path, NAN, samples=1),
    "quantization_errors": lambda model, path: tfprune.quantization_errors(model, NAN),
    "benchmark": lambda model, path: tfprune.benchmark(path, inputs=NAN),
    "evaluate": lambda model, path: tfprune.evaluate(path, (NAN, Y)),
}


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "model.tflite"
    tfprune.convert(model, path)
    return path


@pytest.mark.parametrize("verb", REAL)
def test_one_nan_is_an_error_in_every_verb(model, file, verb):
    with pytest.raises(PruneError, match="the input 'x' holds 1 NaN among its 32 values"):
        REAL[verb](model, file)


def test_one_calibration_sample_is_told(model, file):
    result = tfprune.convert(model, file, "int8", X[:1])
    assert any("one sample only" in note.reason for note in result.notes)


def test_a_sequential_that_data_built_takes_batches_of_any_size():
    model = keras.Sequential([keras.layers.BatchNormalization(name="norm")])
    model(X[:3])
    np.testing.assert_allclose(VERBS["recalibrate"](model, X), X.mean(0), atol=1e-6)
