import keras
import pytest
from keras import layers


@pytest.fixture(scope="module")
def habits(tmp_path_factory):
    """A network with the padding that Keras users write."""
    path = tmp_path_factory.mktemp("ready") / "model.keras"
    stem = layers.Conv2D(4, 3, 2, "same", name="stem")
    point = layers.Conv2D(8, 1, name="point")
    head = [point, layers.GlobalAveragePooling2D(), layers.Dense(2, name="head")]
    keras.Sequential([keras.Input((32, 32, 3)), stem, *head]).save(path)
    return path


def test_sparse_ready_writes_the_model_and_says_what_changed(run_json, habits, tmp_path):
    out = tmp_path / "ready.keras"
    code, document, _ = run_json("sparse-ready", habits, "-o", out)
    assert code == 0 and document["notes"] == []
    assert [(row["subject"], row["effect"]) for row in document["changes"]] == [("stem", "shifts")]
    assert keras.saving.load_model(out).get_layer("stem").padding == "valid"


def test_a_model_that_stays_dense_is_a_failed_check(run, tmp_path):
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(tmp_path / "dense.keras")
    code, out, _ = run("sparse-ready", tmp_path / "dense.keras")
    assert code == 1 and "has no convolution" in out
