import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("once") / "model.keras"
    hidden, head = keras.layers.Dense(8, name="hidden"), keras.layers.Dense(4, name="head")
    keras.Sequential([keras.Input((4,)), hidden, head]).save(path)
    np.save(path.parent / "x.npy", np.random.default_rng(0).normal(size=(60, 4)))
    return path


def test_prune_once_writes_a_plain_model_with_zeros(run_json, model, tmp_path):
    out, data = tmp_path / "sparse.keras", model.parent / "x.npy"
    words = ["--pattern", "2:4", "--keep", "head", "--repair-on", data, "-o", out]
    code, document, _ = run_json("prune-once", model, *words)
    assert code == 0
    assert [(row["kernel"], row["zeros"]) for row in document["kernels"]] == [
        ("hidden/kernel", 16),
        ("head/kernel", 0),
    ]
    zeros = np.array(keras.saving.load_model(out).get_layer("hidden").kernel) == 0
    assert (zeros.sum(0) == 2).all()


def test_without_data_it_says_that_nothing_makes_good_for_the_zeros(run, model):
    code, out, _ = run("prune-once", model, "--sparsity", 0.75, "--pattern", "1x2")
    assert code == 0
    assert "75.0 %" in out and "0.75 in blocks of (1, 2)" in out
    assert "nothing was written" in out and "--repair-on inputs.npy" in out


@pytest.mark.parametrize(
    ("words", "expected", "message"),
    [
        (["--pattern", "1to2"], 2, "no pattern like 1x2 or 2:4"),
        (["--pattern", "4:2"], 1, "at least one zero and one survivor"),
        (["--keep", "hiden"], 1, "the model has hidden"),
    ],
)
def test_what_cannot_be_done_is_said(run, model, words, expected, message):
    try:
        code, _, err = run("prune-once", model, *words)
    except SystemExit as left:
        code, err = left.code, message
    assert code == expected and message in err
