"""Products of tensors: attention written by hand, gates, and einsum."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, notes, prunable

TOKENS, WIDTH, HEADS = 5, 12, 3


def attention(product, split=True):
    """Queries, keys and values of three heads, what `product` makes of them, and a Dense layer."""
    tokens = keras.Input((TOKENS, 4))
    parts = [layers.Dense(WIDTH, name=name)(tokens) for name in ("query", "key", "value")]
    if split:
        parts = [layers.Reshape((TOKENS, HEADS, WIDTH // HEADS))(part) for part in parts]
    mixed = product(*parts)
    mixed = layers.Reshape((TOKENS, WIDTH))(mixed) if split else mixed
    return keras.Model(tokens, layers.Dense(2, name="head")(mixed))


def by_matmul(query, key, value):
    query, key, value = (ops.transpose(x, (0, 2, 1, 3)) for x in (query, key, value))
    scores = ops.softmax(ops.matmul(x1=query, x2=ops.swapaxes(key, -1, -2)) / 2.0)
    return ops.transpose(ops.matmul(scores, value), (0, 2, 1, 3))


def by_einsum(query, key, value):
    scores = ops.softmax(ops.einsum("bthd,bshd->bhts", query, key) / 2.0)
    return ops.einsum("bhts,bshd->bthd", scores, value)


@pytest.mark.parametrize("product", [by_matmul, by_einsum])
def test_hand_written_heads_lose_width_queries_with_keys_and_values_alone(product):
    model = attention(product)
    key, value = prunable(model)
    assert key == "key 4: writes key/kernel[1] key/bias[0] query/kernel[1] query/bias[0]"
    assert value == "value 4: writes value/kernel[1] value/bias[0]; reads head/kernel[0]"
    small = check(model)
    assert small.get_layer("query").units == HEADS * 2


def test_attention_by_the_operation_loses_whole_heads():
    model = attention(ops.dot_product_attention)
    [heads] = prunable(model)
    assert heads.startswith("value 3: writes value/kernel[1] value/bias[0] key/kernel[1]")
    assert check(model).get_layer("head").kernel.shape == (4, 2)


def test_heads_with_a_bias_of_their_own_stay():
    bias = np.random.default_rng(0).normal(size=(1, HEADS, TOKENS, TOKENS)).astype("float32")
    model = attention(lambda q, k, v: ops.dot_product_attention(q, k, v, bias=bias))
    assert kept(model)["query"] == "their number sets the scale in dot_product_attention"
    check(model, saves=False)


def test_the_columns_of_a_product_carry_the_units_of_the_second_operand():
    model = attention(lambda q, k, v: ops.matmul(ops.softmax(q[:, :, :5]), v), split=False)
    assert (
        prunable(model)[-1]
        == "value 12: writes value/kernel[1] value/bias[0]; reads head/kernel[0]"
    )
    check(model)


def test_a_length_of_one_meets_any_other_in_a_product():
    model = attention(
        lambda q, k, v: (q[:, :1, None] @ ops.swapaxes(k, 1, 2)[:, None])[:, 0], False
    )
    assert [line.split(":")[0] for line in prunable(model)] == ["key 12"]
    check(model)


def test_glu_ties_the_gate_to_what_it_opens():
    model = attention(lambda q, k, v: ops.glu(q), False)
    [group] = prunable(model)[:1]
    assert group == "query 6: writes query/kernel[1] query/bias[0]; reads head/kernel[0]"
    check(model)


@pytest.mark.parametrize(
    "operate",
    [
        lambda q, k, v: ops.matmul(q, np.eye(WIDTH, dtype="float32")),
        lambda q, k, v: ops.matmul(x2=np.eye(WIDTH, dtype="float32"), x1=q),
        lambda q, k, v: ops.swapaxes(
            ops.matmul(np.ones((WIDTH, WIDTH), "float32"), ops.swapaxes(q, 1, 2)), 1, 2
        ),
        lambda q, k, v: ops.einsum("btc,cd->btd", q, np.eye(WIDTH, dtype="float32")),
    ],
)
def test_a_constant_in_a_product_loses_the_rows_of_removed_units(operate):
    model = attention(operate, False)
    assert prunable(model) == ["query 12: writes query/kernel[1] query/bias[0]"]
    check(model)


@pytest.mark.parametrize(
    "operate, reason",
    [
        (lambda q, k, v: ops.einsum("...a,...b->...b", q, k), "do not name every axis"),
    ],
)
def test_products_that_cannot_be_followed_leave_a_note(operate, reason):
    model = attention(operate, False)
    assert notes(model)[0].endswith(reason)
    check(model)
