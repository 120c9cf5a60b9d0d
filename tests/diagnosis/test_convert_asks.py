"""`convert` stores weights sparse only where the doctor calls it right, and the file shrinks."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.export.models import mobilenet, prune, run
from tfprune.diagnosis import diagnose
from tfprune.errors import PruneError
from tfprune.export import convert
from tfprune.tflite import read_tflite


def head(x):
    return layers.Dense(10)(layers.GlobalAveragePooling2D()(x))


def pooled_inside(x):
    return head(layers.Conv2D(64, 1, name="conv_pw_p")(layers.MaxPooling2D(2)(x)))


def squeezed(x):
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(64, 1, activation="sigmoid")(layers.Conv2D(8, 1, activation="relu")(s))
    return head(layers.Conv2D(64, 1, name="conv_pw_s")(layers.Multiply()([x, s])))


@pytest.mark.parametrize("changes", [{}, {"tail": squeezed}], ids=["plain", "squeeze and excite"])
def test_what_runs_sparse_and_right_is_stored_sparse(tmp_path, changes):
    result = convert(prune(mobilenet(**changes), 0.9), tmp_path / "m.tflite")
    assert result.sparse and "runs sparse on ARM64" in result.sparse_reason
    assert diagnose(read_tflite(result.path)).verdict == "safe"


@pytest.mark.parametrize(
    ("changes", "rule"), [({"tail": pooled_inside}, "inside"), ({"size": 36}, "size")]
)
def test_what_would_be_wrong_on_arm_is_stored_dense_with_the_rule(tmp_path, changes, rule):
    result = convert(prune(mobilenet(**changes), 0.9), tmp_path / "m.tflite")
    assert not result.sparse and f"(rule {rule!r})" in result.sparse_reason
    found = diagnose(read_tflite(result.path))
    assert found.verdict == "dense"
    assert rule in [finding.rule for finding in found.findings] or rule == "size"


def test_what_only_saves_bytes_is_stored_sparse_and_says_so(tmp_path):
    result = convert(prune(mobilenet(channels=1), 0.9), tmp_path / "m.tflite")
    assert result.sparse and result.sparse_reason.startswith("stored sparse to save bytes")


@pytest.mark.parametrize(
    ("quantize", "sparse"),
    [(None, True), ("float16", True), ("dynamic", False), ("int8", False), ("int16x8", False)],
)
def test_auto_encodes_float_weights_only(converted, quantize, sparse):
    result = converted(quantize)
    assert result.sparse == sparse
    assert any(t.sparse for t in read_tflite(result.path).tensors) == sparse
    assert ("runs sparse on ARM64" in result.sparse_reason) == sparse


@pytest.mark.parametrize("xnnpack", [True, False])
def test_a_sparse_file_is_smaller_and_computes_the_same(converted, images, xnnpack):
    dense, sparse = converted(sparse=False), converted()
    assert sparse.bytes < dense.bytes
    found = run(sparse.path, images[:1], xnnpack=xnnpack)
    np.testing.assert_allclose(found, run(dense.path, images[:1]), atol=1e-6)


def dense_layer(sparsity, block):
    model = keras.Sequential([keras.Input((64,)), layers.Dense(64, name="d", use_bias=False)])
    kernel = np.random.default_rng(0).normal(size=(64, 64))
    columns = kernel.T.reshape(-1, block)  # blocks along the inputs, as TFLite stores them
    columns[np.random.default_rng(1).permutation(len(columns))[: int(sparsity * len(columns))]] = 0
    model.layers[-1].kernel.assign(columns.reshape(64, 64).T)
    return model


def test_a_sparse_dense_layer_is_stored_sparse(tmp_path):
    result = convert(dense_layer(0.8, 1), tmp_path / "m.tflite")
    assert result.sparse and result.bytes < 64 * 64 * 4 / 2


def test_a_file_that_would_grow_stays_dense(tmp_path):
    result = convert(dense_layer(0.1, 1), tmp_path / "m.tflite")
    assert not result.sparse and "rule 'storage'" in result.sparse_reason


def test_a_dense_kernel_in_1x4_blocks_stays_dense(tmp_path):
    result = convert(dense_layer(0.8, 4), tmp_path / "m.tflite")
    assert not result.sparse and "(rule 'densify')" in result.sparse_reason


def test_insisting_on_an_unsafe_encoding_is_refused(tmp_path):
    with pytest.raises(PruneError, match="rule 'inside'"):
        convert(prune(mobilenet(tail=pooled_inside), 0.8), tmp_path / "m.tflite", sparse=True)
