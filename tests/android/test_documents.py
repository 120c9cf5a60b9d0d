"""What comes back from a phone: documents, outputs, and how far these may be from ours."""

from __future__ import annotations

import base64
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tfprune.android.arrays import pack, read_output
from tfprune.android.benchmark import difference
from tfprune.android.checking import Reference, check
from tfprune.android.result import PhoneResult
from tfprune.android.runtimes.documents import read_document
from tfprune.android.saving import save_profile
from tfprune.checks import Check
from tfprune.errors import FileError, PruneError
from tfprune.runners import TensorSpec


def document(**changed):
    return json.dumps({"format": 1, "models": [{}], **changed})


def test_the_rows_of_a_document_are_its_models():
    assert read_document(document(), ["dense"]) == [{}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no document: ''"),
        ("Segmentation fault", "no document"),
        ("[]", "no document"),
        (document()[:-3], "no document"),
        (document(format=2), "format 2"),
        (document(models=[]), "0 of 1 models came back"),
    ],
)
def test_what_is_no_document_is_an_error(text, found):
    with pytest.raises(PruneError, match=found):
        read_document(text, ["dense"])


def test_an_error_in_a_document_names_the_model_and_the_step():
    error = {"file": "0.tflite", "step": "load", "text": "status 4"}
    with pytest.raises(FileError) as caught:
        read_document(json.dumps({"format": 1, "error": error}), ["dense"])
    assert (caught.value.asked, caught.value.found) == ("load dense on the phone", "status 4")


@given(arrays.arrays(st.sampled_from(["int8", "float32", "int64", "bool"]), (2, 3)))
def test_an_array_comes_back_as_it_is_packed(array):
    values = pack({"a name": array})[struct.calcsize("<IQ") + 6 :]
    row = {"name": "", "type": array.dtype.name, "shape": [2, 3]}
    found = read_output({**row, "base64": base64.b64encode(values).decode()})
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


@pytest.mark.parametrize(
    "row", [{"base64": "!"}, {"type": "unknown"}, {"shape": [2]}, {"base64": None}]
)
def test_an_output_that_does_not_fit_is_an_error(row):
    whole = {"name": "y", "type": "int8", "shape": [1], "base64": "AQ=="}
    assert read_output(whole).tolist() == [1]
    with pytest.raises(PruneError, match="read the output 'y' that the phone sent"):
        read_output({**whole, **row})


def came(array):
    return {
        "name": "y",
        "type": array.dtype.name,
        "shape": list(array.shape),
        "base64": base64.b64encode(array.tobytes()).decode(),
    }


@pytest.mark.parametrize(
    ("found", "passed"),
    [([1.0, -2.0], True), ([1.0, -2.00001], True), ([1.0, -2.01], False), ([1.0, np.nan], False)],
)
def test_outputs_may_differ_by_rounding_only(dense, found, passed):
    expected = np.array([[1.0, -2.0]], "float32")
    spec = TensorSpec(name="y", shape=(1, 2), dtype="float32")
    here = Reference(inputs={}, outputs={"y": expected}, specs={"y": spec}, path=dense)
    [checked] = check(here, [came(np.array([found], "float32"))])
    assert (checked.name, checked.passed) == ("y", passed)


def test_integers_are_compared_by_what_they_stand_for(int8):
    spec = TensorSpec(name="y", shape=(1, 2), dtype="int8", scale=0.5, zero_point=1)
    wanted = np.array([[5, 21]], "int8")
    here = Reference(inputs={}, outputs={"y": wanted}, specs={"y": spec}, path=int8)
    [checked] = check(here, [came(np.array([[5, 20]], "int8"))])
    assert (checked.passed, checked.max_abs_error) == (True, 0.5)


@pytest.mark.parametrize(("found", "passed"), [([1, 2], True), ([1, 3], False), ([1, 127], False)])
def test_where_all_is_zero_here_a_phone_may_be_one_step_off(int8, found, passed):
    spec = TensorSpec(name="y", shape=(1, 2), dtype="int8", scale=0.5, zero_point=1)
    wanted = np.array([[1, 1]], "int8")
    here = Reference(inputs={}, outputs={"y": wanted}, specs={"y": spec}, path=int8)
    [checked] = check(here, [came(np.array([found], "int8"))])
    assert checked.passed is passed


@pytest.mark.parametrize(("off", "passed"), [(4, True), (5, False)])
def test_a_golden_sample_is_compared_within_its_own_tolerance(int8, off, passed):
    spec = TensorSpec(name="y", shape=(1, 2), dtype="int8", scale=0.5, zero_point=1)
    wanted = np.array([[100, 7]], "int8")
    golden = Reference(
        inputs={}, outputs={"y": wanted}, specs={"y": spec}, path=int8, limits={"y": 4.0}
    )
    [checked] = check(golden, [came(wanted + np.array([0, off], "int8"))])
    assert (checked.passed, checked.max_abs_error) == (passed, off)


def test_an_output_that_did_not_come_is_an_error(dense):
    spec = TensorSpec(name="y", shape=(1,), dtype="float32")
    here = Reference(inputs={}, outputs={"y": np.zeros(1)}, specs={"y": spec}, path=dense)
    with pytest.raises(PruneError, match="nothing instead of"):
        check(here, [])


class Row:
    """What of a model's row these tests need."""

    label, path, per_op = "dense", "a.tflite", None

    def __init__(self, *checks):
        self.checks = checks


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ((0.2, 0.1, 0.05), "largest error 0.1 of the largest value, 0.05 by root mean square"),
        ((0.2, np.inf, np.inf), "largest error 0.2, where all is zero here"),
        ((np.inf, np.inf, np.inf, "3 values are NaN"), "3 values are NaN"),
    ],
)
def test_an_output_that_differs_is_an_error_in_words(errors, words):
    names = ("max_abs_error", "max_rel_error", "rms_rel_error", "detail")
    wrong = Check(name="y", passed=False, tolerance=1e-4, **dict(zip(names, errors, strict=False)))
    found = difference(PhoneResult((Row(wrong),), {}, {}))
    assert found.asked == "the output 'y' of dense on the phone"
    assert found.found.startswith(f"it is not this machine's: {words}")


def test_a_profile_needs_the_times_of_ops(tmp_path):
    with pytest.raises(PruneError, match="the ops of a model were not timed"):
        save_profile(PhoneResult((Row(),), {}, {}), tmp_path / "p.json")
    assert not (tmp_path / "p.json").exists()
