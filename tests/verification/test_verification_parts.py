from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.verification.conftest import PRECISIONS
from tfprune.errors import FileError, VerificationError
from tfprune.layer_names import layers_in
from tfprune.linking.link import KernelLink
from tfprune.runners import TensorSpec
from tfprune.tflite.reading import read_tflite
from tfprune.verification.compare import agreement, agrees, is_within, measure
from tfprune.verification.data import check_sizes
from tfprune.verification.pairing import pair
from tfprune.verification.result import KernelCheck
from tfprune.verification.tolerance import SAME_FILE, TOLERANCES, Tolerance, precision_of
from tfprune.verification.zeros import check_zeros

NAN, INF = np.nan, np.inf
floats = arrays(np.float32, (3, 2), elements=st.floats(-1e6, 1e6, width=32))


def test_errors_are_relative_to_the_largest_expected_value():
    errors = measure(np.array([3.0, -4.0]), np.array([3.0, -3.0]))
    assert (errors.max_abs, errors.max_rel, errors.rms_rel) == (1.0, 0.25, 0.2)


@given(floats)
def test_an_array_equals_itself(array):
    errors = measure(array, array)
    assert (errors.max_abs, errors.max_rel, errors.rms_rel) == (0, 0, 0)


@pytest.mark.parametrize(
    ("expected", "found", "error"),
    [
        ([1.0, NAN], [1.0, NAN], 0.0),
        ([1.0, INF], [1.0, INF], 0.0),
        ([1.0, INF], [1.0, -INF], INF),
        ([1.0, 2.0], [1.0, NAN], INF),
        ([1.0, NAN], [1.0, 2.0], INF),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
    ],
)
def test_values_that_are_not_finite_must_be_so_on_both_sides(expected, found, error):
    assert measure(np.array(expected), np.array(found)).max_rel == error


def test_integers_differ_or_not():
    assert measure(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])).max_abs == 0.25


def test_anything_is_infinitely_far_from_nothing():
    assert measure(np.zeros(2), np.ones(2)).max_rel == INF


def test_an_infinite_error_is_within_no_tolerance():
    for tolerance in TOLERANCES.values():
        assert not is_within(measure(np.ones(1), np.array([NAN])), tolerance)


def test_integer_files_are_judged_by_root_mean_square():
    errors = measure(np.ones(100), np.r_[np.ones(99), 1.5])  # largest 0.5, root mean square 0.05
    assert is_within(errors, Tolerance(0.1, True, "")) and not is_within(
        errors, Tolerance(0.1, False, "")
    )


@pytest.mark.parametrize(("found", "agree"), [(0.5, True), (1.0, False), (100.0, False)])
def test_from_nothing_but_zeros_an_int8_output_may_be_one_step_off(found, agree):
    expected = np.zeros(2)
    errors = measure(expected, np.array([0.0, found]))
    assert agrees(errors, expected, TOLERANCES["int8"], step=0.5) is agree


def test_a_file_is_nearer_to_itself_on_another_machine_than_to_keras():
    assert SAME_FILE.keys() == TOLERANCES.keys()
    assert all(SAME_FILE[key].limit <= TOLERANCES[key].limit for key in TOLERANCES)
    assert SAME_FILE["int8"].limit == TOLERANCES["int8"].limit / 2


def test_only_a_clear_sample_can_be_lost():
    keras_scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.51, 0.49]])
    file_scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.49, 0.51]])
    assert agreement(keras_scores, file_scores, margin=0.1) == (1 / 3, 2, 1)


@pytest.mark.parametrize(
    ("tensor", "found"),
    [
        ("functional_1/stem_1/convolution1", ["stem"]),
        ("a/conv2d_1_1/MatMul", ["conv2d_1"]),
        ("functional_1/stem_1/convolution;functional_1/act_1/Relu", ["stem", "act"]),
        ("stem", ["stem"]),
        ("systems_1/stemming/x", []),
    ],
)
def test_a_tensor_name_mentions_layers(tensor, found):
    assert layers_in(tensor, {"stem", "act", "conv2d_1"}) == found


def spec(name, *shape, open_axes=()):
    return TensorSpec(
        name=f"{name}:0", shape=shape, dtype="float32", signature=name, open_axes=open_axes
    )


@pytest.mark.parametrize(
    ("wanted", "specs", "places"),
    [
        ({"x": (1, 2)}, [spec("serving", 1, 2)], {"x": 0}),
        ({"a": (1, 2), "b": (1, 2)}, [spec("b", 1, 2), spec("a", 1, 2)], {"a": 1, "b": 0}),
        ({"a": (1, 2), "b": (1, 3)}, [spec("i", 1, 3), spec("j", 1, 2)], {"a": 1, "b": 0}),
        ({"a": (4, None)}, [spec("a", 1, 9, open_axes=(0,))], {"a": 0}),
    ],
    ids=["the only one", "by name", "by shape", "open sizes"],
)
def test_tensors_are_paired(wanted, specs, places):
    assert pair("inputs", wanted, specs, "m.tflite") == (places, ())


def test_pairing_by_position_is_noted():
    wanted = {"a": (1, 2), "b": (1, 2)}
    places, notes = pair("inputs", wanted, [spec("i", 1, 2), spec("j", 1, 2)], "m.tflite")
    assert places == {"a": 0, "b": 1}
    assert str(notes[0]).endswith("['i', 'j'], Keras ['a', 'b']: paired by position")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": (1, 2), "b": (1, 2)}, "found: the file has 1 outputs, Keras has 2"),
        ({"a": (1, 5)}, r"output 'a' of shape \(1, 2\), in Keras it is \(1, 5\)"),
    ],
)
def test_another_model_is_refused(wanted, found):
    with pytest.raises(VerificationError, match=found):
        pair("outputs", wanted, [spec("a", 1, 2)], "m.tflite")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_precision_is_read_from_the_file(files, precision):
    assert precision_of(read_tflite(files[precision])) == precision


def test_zeros_are_compared_place_by_place(files):
    """A zero that moved is a zero lost, though the counts agree."""
    tflite = read_tflite(files["float32"])
    tensor = next(t for t in tflite.tensors if t.is_constant and t.shape == (4, 64))
    dense = keras.layers.Dense(4, name="head")
    dense.build((None, 64))
    kernel = tensor.values().T.copy()
    kernel[2, 3] = kernel[5, 1] = 0.0
    dense.kernel.assign(kernel)
    link = KernelLink(
        kernel="head/kernel",
        tensor=tensor.name,
        tensor_index=tensor.index,
        keras_shape=(64, 4),
        tflite_shape=(4, 64),
        axes=(1, 0),
        zeros=0,
    )
    [check], notes = check_zeros(dense, [link], tflite)
    assert (check.zeros_before, check.zeros_after, check.size, check.lost) == (2, 0, 256, 2)
    assert not check.passed and notes == ()


def test_a_kernel_without_a_link_is_found_by_its_layer(files):
    dense = keras.layers.Dense(4, name="head")
    dense.build((None, 64))
    dense.kernel.assign(np.zeros((64, 4)))
    [check], _ = check_zeros(dense, [], read_tflite(files["float32"]))
    assert (check.zeros_before, check.zeros_after, check.passed) == (256, 0, False)


def test_a_kernel_that_is_nowhere_in_the_file_is_noted(files):
    dense = keras.layers.Dense(4, name="elsewhere")
    dense.build((None, 64))
    dense.kernel.assign(np.zeros((64, 4)))
    checks, notes = check_zeros(dense, [], read_tflite(files["float32"]))
    assert checks == () and str(notes[0]).startswith("elsewhere/kernel: its zeros were not")


@pytest.mark.parametrize(
    ("before", "after", "lost", "passed"),
    [(2, 2, 0, True), (2, 5, 0, True), (2, 1, None, False), (2, 2, 1, False), (2, 3, None, True)],
)
def test_a_kernel_passes_if_no_zero_is_lost(before, after, lost, passed):
    assert (
        KernelCheck(
            kernel="k", tensor="t", zeros_before=before, zeros_after=after, size=9, lost=lost
        ).passed
        is passed
    )


def test_a_file_whose_input_holds_no_values_is_refused():
    with pytest.raises(FileError, match="'image' of shape"):
        check_sizes([TensorSpec(name="image", shape=(0, 32, 32, 3), dtype="float32")], "m.tflite")
