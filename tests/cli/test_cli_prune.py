import keras
import numpy as np
import pytest


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Four inputs, eight hidden units, two outputs."""
    path = tmp_path_factory.mktemp("prune") / "model.keras"
    hidden, head = keras.layers.Dense(8, name="hidden"), keras.layers.Dense(2, name="head")
    keras.Sequential([keras.Input((4,)), hidden, head]).save(path)
    return path


def test_prune_writes_a_smaller_plain_model(run_json, model, tmp_path):
    out = tmp_path / "small.keras"
    code, document, _ = run_json("prune", model, "--ratio", 0.25, "-o", out)
    assert code == 0
    assert [(g["group"], g["before"], g["after"]) for g in document["plan"]["groups"]] == [
        ("hidden", 8, 6),
        ("head", 2, 2),
    ]
    assert keras.saving.load_model(out).get_layer("hidden").units == 6


def test_ratios_by_name_are_those_of_python(run_json, tmp_path):
    layers = [keras.layers.Dense(8, name=name) for name in ("block_1", "block_2", "head")]
    keras.Sequential([keras.Input((4,)), *layers]).save(tmp_path / "m.keras")
    words = ["--ratio", "block_*=0.25", "--ratio", "block_2=0.75"]
    _, document, _ = run_json("prune", tmp_path / "m.keras", *words)
    assert [g["after"] for g in document["plan"]["groups"]] == [6, 2, 8]


def test_without_a_file_to_write_it_prints_the_plan(run, model):
    code, out, _ = run("prune", model, "--round-to", 4)
    assert code == 0
    assert "hidden" in out and "an output of the model" in out
    assert "parameters: 58 → 30" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ratio", 1.5], "a ratio is the share of units removed"),
        (["--keep", "hiden"], "the model has hidden"),
        (["--ratio", "hiden=0.5"], "the model has hidden"),
        (["--ratio", 0.5, "--ratio", "hidden=0.2"], "'*=0.3' means all that no other fits"),
        (["--ratio", "hidden=0.2", "--target", "macs"], "--ratio hidden=0.2 with --target macs"),
        (["-o", "small.h5"], "name it small.h5.keras"),
    ],
)
def test_what_cannot_be_done_is_said(run, model, words, message):
    code, _, err = run("prune", model, *words)
    assert code == 1 and message in err


def test_repaired_on_inputs_it_is_nearer_to_the_model(run, model, tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    made = []
    for more in ([], ["--repair-on", tmp_path / "x.npy"]):
        code, out, _ = run("prune", model, "-o", tmp_path / "small.keras", *more)
        assert code == 0 and ("labels are not needed" in out) == (not more)
        made.append(keras.saving.load_model(tmp_path / "small.keras").predict(x, verbose=0))
    truth = keras.saving.load_model(model).predict(x, verbose=0)
    sliced, repaired = (((y - truth) ** 2).sum() for y in made)
    assert repaired < sliced


@pytest.mark.parametrize("option", ["--repair-on", "--recalibrate", "--evaluate"])
def test_data_to_repair_on_needs_a_file_to_write(run, model, option):
    code, _, err = run("prune", model, option, "x.npy")
    assert code == 1 and "nothing is made that could be repaired" in err


def test_what_is_lost_is_said_where_there_are_labels(run_json, run, model, tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
    y = keras.saving.load_model(model).predict(x, verbose=0).argmax(1)  # the model is right on all
    np.savez(tmp_path / "labelled.npz", x=x, y=y)
    np.save(tmp_path / "inputs.npy", x)
    labelled, inputs = tmp_path / "labelled.npz", tmp_path / "inputs.npy"
    out = ["-o", tmp_path / "small.keras"]
    _, document, _ = run_json("prune", model, *out, "--evaluate", labelled)
    small = keras.saving.load_model(tmp_path / "small.keras")
    right = float(np.mean(small.predict(x, verbose=0).argmax(1) == y))
    assert document["lost"]["before"]["accuracy"] == 1
    assert document["lost"]["after"]["accuracy"] == pytest.approx(right)
    _, text, _ = run("prune", model, *out, "--repair-on", labelled)
    assert "accuracy on 60 labelled samples" in text and "it was repaired on" in text
    _, document, _ = run_json("prune", model, *out, "--repair-on", inputs)
    assert document["lost"] is None
    code, _, err = run("prune", model, *out, "--evaluate", inputs)
    assert code == 1 and "no targets" in err


def test_units_are_judged_by_data_and_the_likeliest_to_matter_stay(run_json, tmp_path):
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, "relu", name="hidden"), keras.layers.Dense(1)]
    )
    kernel, reader = np.array([[9.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [1.0]])
    model.set_weights([kernel, np.zeros(2), reader, np.zeros(1)])
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "x.npy", np.array([[0.0, 1.0]] * 20, "float32"))  # unit 0 never fires
    words = ["--criterion", "relevance", "--score-on", tmp_path / "x.npy"]
    code, *_ = run_json("prune", tmp_path / "m.keras", *words, "-o", tmp_path / "s.keras")
    small = keras.saving.load_model(tmp_path / "s.keras")
    assert code == 0 and small.get_layer("hidden").kernel.numpy().tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--criterion", "taylor"], "add --score-on DATA, or --repair-on DATA"),
        (["--score-on", "x.npy"], "this criterion looks at weights alone"),
    ],
)
def test_a_criterion_gets_the_data_it_needs_and_no_other(run, model, words, message):
    code, _, err = run("prune", model, *words)
    assert code == 1 and message in err


def test_similar_units_are_merged_on_request(run, tmp_path):
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1)]
    )
    model.set_weights([np.array([[1.0, 1.0]]), np.zeros(2), np.array([[2.0], [3.0]]), np.zeros(1)])
    model.save(tmp_path / "m.keras")
    code, *_ = run("prune", tmp_path / "m.keras", "--merge", "-o", tmp_path / "s.keras")
    small = keras.saving.load_model(tmp_path / "s.keras")
    assert code == 0 and small(np.array([[1.0]])).numpy().item() == 5.0  # the reader sees the sum


def test_every_criterion_of_python_can_be_named():
    from tfprune.cli.words import BY_DATA, RANKINGS
    from tfprune.criteria import naming

    assert set(RANKINGS) == set(naming._NAMED)
    assert set(BY_DATA) == set(naming._WITH_DATA)
