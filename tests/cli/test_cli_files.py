"""What the command line says of the files it reads and writes."""

from __future__ import annotations

import keras
import pytest

from tfprune.cli.verbs import VERBS


class Unknown(keras.layers.Layer):
    """A layer that no other process knows."""

    def call(self, x):
        return 2 * x


@pytest.mark.parametrize("link", ["model.keras", "./model.keras", "link.keras"])
@pytest.mark.parametrize("verb", ["convert", "prune", "sparse-ready"])
def test_a_file_that_is_read_is_not_written_over(run, files, verb, link):
    (files / "link.keras").unlink(missing_ok=True)
    (files / "link.keras").symlink_to(files / "model.keras")
    before = (files / "model.keras").read_bytes()
    code, _, err = run(verb, "model.keras", "-o", link)
    assert code == 1 and "it is the file that is read" in err
    assert (files / "model.keras").read_bytes() == before


def test_every_verb_that_writes_looks_at_what_it_reads():
    writing = {name for name, verb in VERBS.items() if "check_apart" in vars(verb)}
    assert writing == {
        *("convert", "prune", "prune-once", "sparse-ready", "report", "benchmark"),
        *("golden-sample", "advise", "sensitivity", "latency-table"),
    }


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("m.keras", b"", "the file is empty"),
        ("m.h5", b"", "the file is empty"),
        ("m.keras", b"PK\x03\x04half", "the file is cut off"),
        ("m.h5", b"text", "something else than a Keras model"),
    ],
)
def test_an_empty_or_cut_off_file_is_not_called_missing(run, tmp_path, name, content, found):
    (tmp_path / name).write_bytes(content)
    code, _, err = run("inspect", tmp_path / name)
    assert code == 1 and found in err and "not found" not in err


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_class_that_is_not_known_is_named(run, tmp_path, name):
    keras.Sequential([keras.Input((4,)), Unknown()]).save(tmp_path / name)
    module, Unknown.__module__ = Unknown.__module__, "gone"
    code, _, err = run("inspect", tmp_path / name)
    Unknown.__module__ = module
    assert code == 1 and "'Unknown'" in err and "import their module" in err


@pytest.mark.parametrize("name", ["my conv", "conv (1)", "é", "a\x1b[2Jb"])
def test_a_layer_name_that_tensorflow_refuses_is_named(run, tmp_path, name):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name=name)]).save(
        tmp_path / "m.keras"
    )
    code, _, err = run("convert", tmp_path / "m.keras", "-o", tmp_path / "m.tflite")
    assert code == 1 and "TensorFlow does not take the layer name" in err and "\x1b" not in err


def test_prune_says_whether_it_wrote_and_that_accuracy_must_be_regained(run, tmp_path):
    hidden, head = keras.layers.Dense(8), keras.layers.Dense(2)
    keras.Sequential([keras.Input((4,)), hidden, head]).save(tmp_path / "m.keras")
    _, out, _ = run("prune", tmp_path / "m.keras")
    assert "nothing was written" in out and "-o OUT.keras" in out
    _, out, _ = run("prune", tmp_path / "m.keras", "-o", tmp_path / "s.keras")
    assert "its accuracy must be regained" in out and "model.fit" in out


def test_the_same_file_twice_is_two_rows_and_ops_are_printed(run):
    words = ["--runs", "2", "--rounds", "1", "--warmup", "0", "--per-op"]
    code, out, _ = run("benchmark", "model.tflite", "model.tflite", *words)
    assert code == 0 and "model.tflite (2)" in out
    assert "ops of model.tflite" in out and "median us" in out
