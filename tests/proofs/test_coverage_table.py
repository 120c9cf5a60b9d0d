"""Rows of the coverage run survive an interruption and make the page in docs."""

import dataclasses

import keras
import numpy as np
import pytest

from proofs.coverage_measure import between_samples, count_channels, difference_in_float64
from proofs.coverage_table import Row, page
from proofs.rows import read_rows, to_line
from tfprune.channels import trace
from tfprune.errors import FileError

ROW = Row(
    "Small",
    "Family",
    "keras.applications",
    groups=2,
    channels=110,
    prunable=80,
    outputs=10,
    parameters=1000,
    parameters_after=300,
    differences={"0.3": 1e-7, "0.5": 2e-7},
    told_apart={"0.3": 0.4, "0.5": 0.3},
    reloaded="equal",
    tflite="equal",
    tflite_difference=3e-7,
)


def test_a_row_of_the_table():
    counts = "2 | 80.0 % | 10 of 110 | 1,000 → 300"
    proof = "1e-07 / 2e-07 | 4e-01 / 3e-01 | equal | 3e-07"
    assert f"| Small | {counts} | {proof} |" in page([ROW], "keras 3", [])


def test_a_model_that_failed_stands_there_with_the_reason():
    row = Row("Broken", "Family", "keras_hub", failure="ValueError: no such thing")
    assert "| Broken | | | | | ValueError: no such thing | | | |" in page([row], "keras 3", [])


def test_models_that_were_not_run_are_named():
    assert "## Not run yet\n\nNASNetLarge." in page([ROW], "keras 3", ["NASNetLarge"])


@pytest.mark.parametrize(
    ("differences", "proven"),
    [({"0.3": 1e-6, "0.5": 1e-6}, True), ({"0.3": 1e-6, "0.5": 2e-4}, False), ({"0.3": 0}, False)],
)
def test_it_is_proven_if_it_is_exact_at_both_ratios(differences, proven):
    assert dataclasses.replace(ROW, differences=differences).proven is proven


def test_a_network_that_forgets_its_inputs_proves_nothing():
    told = ({"0.3": 1e-7, "0.5": 1e-7}, {"0.3": 1e-2, "0.5": 1e-7}, {})
    assert [dataclasses.replace(ROW, told_apart=each).proven for each in told] == [
        False,
        True,
        False,
    ]


def test_rounding_beyond_the_limit_is_judged_in_float64():
    row = dataclasses.replace(ROW, differences={"0.3": 5e-4, "0.5": 1e-7})
    exact = dataclasses.replace(row, in_float64={"0.3": 3e-14})
    wrong = dataclasses.replace(row, in_float64={"0.3": 5e-4})
    assert [row.proven, exact.proven, wrong.proven] == [False, True, False]
    remark = "- **Small**: at ratio 0.3 the difference is 3e-14 in float64."
    assert remark in page([exact], "keras 3", [])


def test_two_samples_are_told_apart_by_a_share_of_the_largest_output():
    forgotten, told = np.array([[2.0, 3.0], [2.0, 3.0]]), np.array([[1.0, 4.0], [2.0, 4.0]])
    assert between_samples([forgotten]) == 0
    assert between_samples([forgotten, told]) == 0.25


def test_the_same_weights_are_compared_in_float64():
    built = []

    def build():
        sizes = [keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(2)]
        built.append(keras.Sequential(sizes))
        return built[-1]

    assert difference_in_float64(build, build(), np.ones((1, 4), "float32"), 0.5) < 1e-14
    build()
    assert [model.layers[0].dtype for model in built] == ["float32", "float64", "float32"]
    np.testing.assert_array_equal(built[0].layers[1].kernel, built[1].layers[1].kernel)


def test_a_line_cut_short_by_an_interruption_is_dropped(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(to_line(ROW) + '\n{"name": "Nex')
    assert read_rows(path, Row) == [ROW]


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(FileError, match="start anew with --fresh"):
        read_rows(tmp_path / "rows.jsonl", Row)


def test_channels_are_counted_on_the_output_axes_of_kernels():
    model = keras.Sequential(
        [keras.Input((4, 6)), keras.layers.Dense(5), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    assert count_channels(model, trace(model).groups) == (7, 5, 2)


def test_attention_counts_heads_times_their_size():
    x = inputs = keras.Input((4, 6))
    x = keras.layers.MultiHeadAttention(2, 3)(x, x)
    model = keras.Model(inputs, x)
    # query, key and value: 2 heads of 3; the output projection: 6, an output of the model
    assert count_channels(model, trace(model).groups) == (3 * 6 + 6, 3 * 6, 6)


def test_equal_reasons_are_told_once():
    notes = [f"block_{i}: no flow rule for Block; a custom layer can declare one" for i in (0, 1)]
    remarks = page([dataclasses.replace(ROW, notes=notes)], "keras 3", [])
    assert "- **Small**: no flow rule for Block.\n" in remarks
