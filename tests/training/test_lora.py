"""What LoRA has learned goes into the kernels; zeros of a pruned base stay, and are counted."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune import PruneWarning
from tfprune.training import merge_lora


def one_kernel(kernel, added):
    """A Dense layer whose LoRA weights of rank 1 add `added` times ones."""
    rows, columns = np.shape(kernel)
    dense = layers.Dense(columns, use_bias=False, name="head")
    model = keras.Sequential([keras.Input((rows,)), dense])
    dense.set_weights([np.array(kernel, "float32")])
    dense.enable_lora(1)
    dense.lora_kernel_a.assign(np.full((rows, 1), added, "float32"))
    dense.lora_kernel_b.assign(np.ones((1, columns), "float32"))
    return model


def test_merged_it_computes_the_same_without_lora_weights():
    small = merge_lora(one_kernel([[1.0, 2.0], [3.0, 4.0]], added=0.5))
    assert small.get_layer("head").kernel.numpy().tolist() == [[1.5, 2.5], [3.5, 4.5]]
    assert [v.name for v in small.trainable_variables] == ["kernel"]


def test_zeros_of_a_pruned_base_stay_zero_and_are_told():
    model = one_kernel([[1.0, 0.0], [0.0, 4.0]], added=0.5)
    told = "head: 2 of 4 weights stay zero; 50% of what LoRA learned"
    with pytest.warns(PruneWarning, match=told):
        small = merge_lora(model)
    assert small.get_layer("head").kernel.numpy().tolist() == [[1.5, 0.0], [0.0, 4.5]]
    filled = merge_lora(model, keep_zeros=False).get_layer("head").kernel
    assert filled.numpy().tolist() == [[1.5, 0.5], [0.5, 4.5]]


def network():
    ids = keras.Input((6,), dtype="int32")
    x = layers.Embedding(9, 8, name="words")(ids)
    attention = layers.MultiHeadAttention(2, 4, name="attention")
    x = layers.LayerNormalization()(x + attention(x, x))
    x = layers.Conv1D(4, 3, name="conv")(x)
    model = keras.Model(ids, layers.Dense(2, name="head")(layers.Flatten()(x)))
    model.compile("adam", "mse")
    for layer in (*map(model.get_layer, ("words", "conv", "head")), attention._query_dense):
        layer.enable_lora(2)
    return model


def test_every_kind_of_layer_is_merged_inside_of_others_too_and_the_model_is_not_changed():
    model, ids = network(), np.arange(12, dtype="int32").reshape(2, 6) % 9
    model.fit(ids, np.ones((2, 2)), epochs=3, verbose=0)
    before = [v.numpy() for v in model.variables]
    small = merge_lora(model)
    np.testing.assert_allclose(small(ids), model(ids), atol=1e-5)
    assert all(np.array_equal(a, v) for a, v in zip(before, model.variables, strict=True))
    assert not [v.path for v in small.variables if "lora" in v.path] and small.compiled
    assert len(tfprune.prune_structured(small, 0.5).variables) == len(small.variables)


def test_a_pruned_network_takes_lora_weights_and_gives_them_back():
    small = tfprune.prune_structured(merge_lora(network()), 0.5)
    small.get_layer("conv").enable_lora(1)
    ids = np.zeros((4, 6), "int32")
    small.fit(ids, np.ones((4, 2)), verbose=0)
    np.testing.assert_allclose(merge_lora(small)(ids), small(ids), atol=1e-5)


def test_masks_leave_a_layer_with_lora_alone_and_say_what_to_do():
    row = tfprune.plan_pruning(one_kernel([[1.0], [2.0]], added=0.5)).rows[0]
    assert row.reason == "LoRA is enabled on it: tfprune.training.merge_lora(model) first"


def test_frozen_layers_stay_frozen():
    model = one_kernel([[1.0]], added=0.5)
    model.get_layer("head").trainable = False
    assert merge_lora(model).trainable_variables == []
