"""When weights may be stored sparse: the table of the conservative rule."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.export.models import mobilenet, prune, run
from tfprune.diagnosis import judge_sparse
from tfprune.diagnosis.sparse_rule import judge_encoded
from tfprune.errors import PruneError
from tfprune.export import convert
from tfprune.runtimes import SPARSE_RULES
from tfprune.tflite import read_tflite


def residual(x):
    y = layers.Conv2D(64, 1, name="conv_pw_r", use_bias=False)(x)
    return head(layers.Conv2D(96, 1, name="conv_pw_e")(layers.Add()([x, y])))


def head(x):
    return layers.Dense(10)(layers.GlobalAveragePooling2D()(x))


def gated(x):
    return head(layers.Multiply()([x, layers.Activation("sigmoid")(x)]))


def pooled_inside(x):
    return head(layers.Conv2D(64, 1, name="conv_pw_p")(layers.MaxPooling2D(2)(x)))


def spatial_inside(x):
    return head(layers.Conv2D(8, 3, padding="same")(x))


def concatenated(x):
    return head(layers.Concatenate()([x, layers.Activation("tanh")(x)]))


def convolved_head(x):
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Flatten()(layers.Conv2D(10, 1)(x))


def flattened(x):
    return layers.Dense(10)(layers.Flatten()(x))


def two_ends(x):
    return [head(x), layers.Activation("relu")(x)]


SAFE = {
    "as it should be": {},
    "64 pixels": {"size": 64},
    "residual add": {"tail": residual},
    "product of feature maps": {"tail": gated},
}

# What is changed, and the rule that it breaks.
UNSAFE = {
    "size 48": ({"size": 48}, "input"),
    "'same' at stride 2": ({"pad": False}, "entry"),
    "max pooling inside": ({"tail": pooled_inside}, "inside"),
    "3x3 convolution inside": ({"tail": spatial_inside}, "inside"),
    "concatenation": ({"tail": concatenated}, "inside"),
    "1x1 convolution as head": ({"tail": convolved_head}, "exit"),
    "flatten as end": ({"tail": flattened}, "inside"),
    "a feature map as output": ({"tail": two_ends}, "exit"),
}


def judged(tmp_path, sparsity=0.8, **changes):
    model = prune(mobilenet(**changes), sparsity)
    return judge_sparse(read_tflite(convert(model, tmp_path / "m.tflite", sparse=False).path))


@pytest.mark.parametrize("variant", SAFE)
def test_one_known_cluster_is_safe_and_runs_sparse(tmp_path, variant):
    verdict = judged(tmp_path, **SAFE[variant])
    assert verdict.safe and verdict.runs_sparse, verdict.reason


@pytest.mark.parametrize("variant", UNSAFE)
def test_anything_else_is_unsafe_and_names_its_rule(tmp_path, variant):
    changes, rule = UNSAFE[variant]
    verdict = judged(tmp_path, **changes)
    assert (verdict.safe, verdict.rule) == (False, rule)
    assert verdict.reason.startswith(f"rule {rule!r}") and SPARSE_RULES[rule].says in verdict.reason


@pytest.mark.parametrize(("sparsity", "safe"), [(0.66, False), (0.67, True)])
def test_more_than_two_thirds_must_be_zero(tmp_path, sparsity, safe):
    assert judged(tmp_path, sparsity, tail=head).safe == safe


def test_without_a_stem_on_three_channels_the_file_is_only_smaller(tmp_path):
    verdict = judged(tmp_path, channels=1)
    assert verdict.safe and not verdict.runs_sparse
    assert "every CPU runs it dense" in verdict.reason


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
    assert not result.sparse and "sparse storage takes" in result.sparse_reason


def test_a_dense_kernel_in_1x4_blocks_stays_dense(tmp_path):
    result = convert(dense_layer(0.8, 4), tmp_path / "m.tflite")
    assert not result.sparse and result.sparse_reason.startswith("rule 'densify'")


def test_insisting_on_an_unsafe_encoding_is_refused(tmp_path):
    with pytest.raises(PruneError, match="rule 'inside'"):
        convert(prune(mobilenet(tail=pooled_inside), 0.8), tmp_path / "m.tflite", sparse=True)


def test_a_sparse_file_as_expected_has_nothing_against_it(converted):
    assert judge_encoded(read_tflite(converted().path), converted(sparse=False).bytes) is None


def test_every_rule_has_a_source():
    assert all(rule.source and rule.says for rule in SPARSE_RULES.values())
