"""The policy, make_sparse_ready and the doctor give one answer: there is one judge."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfprune
from tests.readiness.networks import READY, REFUSED, network, separable
from tfprune.readiness import why_not_sparse
from tfprune.rewriting import plan_sparse_ready

POLICY = tfprune.PruneForLatencyOnXNNPack()


def all_cases():
    yield from READY.items()
    yield from ((name, settings) for name, (settings, _, _) in REFUSED.items())


def pruned(model):
    """Nine tenths of each 1x1 kernel are zero; nothing else is."""
    random = np.random.default_rng(0)
    for layer in model._flatten_layers(include_self=False):
        if POLICY.allow_pruning(layer):
            kernel = layer.kernel.numpy()
            layer.kernel.assign(kernel * (random.random(kernel.shape) > 0.9))
    return model


def stored_sparse(model):
    """However few weights there are: `convert` keeps the smaller file."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    return converter.convert()


@pytest.mark.parametrize(("name", "settings"), list(all_cases()), ids=lambda v: str(v)[:20])
def test_a_model_is_ready_exactly_if_its_pruned_file_runs_sparse(name, settings, tmp_path):
    model = pruned(network(**settings))
    ready = why_not_sparse(model) == ()
    path = tmp_path / "model.tflite"
    path.write_bytes(stored_sparse(model))
    assert ready == (tfprune.doctor(path).verdict == "safe") == (name in READY)


@pytest.mark.parametrize("name", REFUSED)
def test_the_policy_names_the_layer_that_would_not_run_sparse(name):
    settings, subject, words = REFUSED[name]
    with pytest.raises(tfprune.PruneError) as error:
        POLICY.ensure_model_supports_pruning(network(**settings))
    assert error.value.found.startswith(f"{subject!r} ") and words in error.value.found
    assert error.value.fix.startswith("call tfprune.make_sparse_ready(model) first, or ")


def test_what_make_sparse_ready_notes_is_what_the_policy_refuses():
    model = network(**REFUSED["max pooling"][0])
    [finding] = why_not_sparse(model)
    [note] = plan_sparse_ready(model).notes
    assert (note.subject, note.reason) == ("odd", f"{finding.found}: {finding.fix}")


def test_a_model_that_is_wrapped_already_is_judged_as_what_it_is_stripped_to():
    wrapped = tfprune.prune_low_magnitude(network(), pruning_policy=POLICY)
    assert why_not_sparse(wrapped) == ()
    POLICY.ensure_model_supports_pruning(wrapped)


def test_an_image_of_any_size_is_judged_too():
    assert why_not_sparse(network(size=None)) == ()


def test_only_the_one_by_one_convolutions_are_pruned():
    plan = tfprune.plan_pruning(network(), pruning_policy=POLICY)
    assert [row.kernel for row in plan.rows if row.rule] == ["point/kernel"]
    assert "PruneForLatencyOnXNNPack does not prune it" in plan.rows[0].reason


def test_rules_may_add_the_head_that_the_policy_leaves_out():
    rules = {"head": tfprune.Rule()}
    plan = tfprune.plan_pruning(network(), pruning_policy=POLICY, rules=rules)
    assert [row.kernel for row in plan.rows if row.rule] == ["point/kernel", "head/kernel"]


def test_two_layers_before_the_first_convolution_do_not_hide_what_follows():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, 2, name="stem")(layers.ZeroPadding2D(1)(layers.ReLU()(image)))
    x = separable(x)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert why_not_sparse(model) == ()
