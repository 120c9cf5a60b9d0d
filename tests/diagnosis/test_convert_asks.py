"""`convert` stores weights sparse only where the doctor calls it right, and the file shrinks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
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


@pytest.mark.parametrize("block", [4, 16])
def test_float16_kernels_in_blocks_stay_dense_since_no_runtime_unpacks_them(tmp_path, block):
    model = dense_layer(0.8, block)
    result = convert(model, tmp_path / "m.tflite", "float16")
    assert not result.sparse and "(rule 'compressed')" in result.sparse_reason
    line = np.random.default_rng(2).normal(size=(1, 64)).astype("float32")
    np.testing.assert_allclose(run(result.path, line), model(line), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("cell", [layers.GRU, layers.LSTM, layers.SimpleRNN])
def test_int8_kernels_of_a_loop_are_seen_and_stay_dense(tmp_path, cell):
    model = keras.Sequential([keras.Input((5, 32)), cell(32), layers.Dense(2)])
    kernel = model.layers[0].cell.kernel
    kernel.assign(kernel * (np.arange(kernel.shape[1]) % 2))  # zero in whole rows of the file's
    result = convert(model, tmp_path / "m.tflite", "dynamic")
    assert not result.sparse and "its kernels are int8" in result.sparse_reason
    lines = np.random.default_rng(0).normal(size=(1, 5, 32)).astype("float32")
    np.testing.assert_allclose(run(result.path, lines), model(lines), atol=0.02)


@pytest.mark.parametrize(("kind", "wrong"), [("float", False), ("float16", True), ("int8", True)])
def test_what_reads_sparse_weights_without_unpacking_them_is_wrong(tmp_path, kind, wrong):
    """TensorFlow's converter alone leaves DENSIFY out where a Dense kernel is zero in blocks."""
    model = dense_layer(0.8, 16)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    optimize = [] if kind == "float" else [tf.lite.Optimize.DEFAULT]
    converter.optimizations = [*optimize, tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    converter.target_spec.supported_types = [tf.float16] if kind == "float16" else []
    path = tmp_path / "m.tflite"
    path.write_bytes(converter.convert())
    line = np.random.default_rng(2).normal(size=(1, 64)).astype("float32")
    assert (not np.allclose(run(path, line), model(line), rtol=0.1, atol=0.3)) == wrong
    found = {(verdict.verdict, verdict.rule) for verdict in diagnose(read_tflite(path)).verdicts}
    assert (found == {("unsafe", "compressed")}) == wrong


def test_insisting_on_an_unsafe_encoding_is_refused(tmp_path):
    with pytest.raises(PruneError, match="rule 'inside'"):
        convert(prune(mobilenet(tail=pooled_inside), 0.8), tmp_path / "m.tflite", sparse=True)
