"""PruneForLatencyOnXNNPack takes what runs sparse on ARM and names the layer that would not."""

import keras
import pytest
from keras import layers

import tfprune

POLICY = tfprune.PruneForLatencyOnXNNPack()


def stem(size=32, channels=3, padding=None, **conv):
    inputs = keras.Input((size, size, channels))
    hidden = layers.ZeroPadding2D(1)(inputs) if padding is None else inputs
    settings = {"strides": 2, "padding": padding or "valid", "name": "stem", **conv}
    return inputs, layers.Conv2D(8, 3, **settings)(hidden)


def separable(x, strides=1):
    if strides == 2:
        x = layers.ZeroPadding2D(1)(x)
    x = layers.DepthwiseConv2D(3, strides, "valid" if strides == 2 else "same")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return layers.Conv2D(8, 1, name=f"point_{strides}")(x)


def squeeze_excite(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="relu")(gate))
    return layers.Multiply()([x, gate])


def model(middle=lambda x: x, head=None, **settings):
    inputs, x = stem(**settings)
    x = middle(layers.ReLU()(x))
    head = head or (lambda x: layers.Dense(10, name="head")(layers.GlobalAveragePooling2D()(x)))
    return keras.Model(inputs, head(x))


@pytest.mark.parametrize(
    "middle",
    [
        separable,
        lambda x: separable(x, 2),
        lambda x: layers.Add()([x, separable(x)]),
        squeeze_excite,
        lambda x: layers.Activation("hard_silu")(layers.Conv2D(8, 1)(x)),
        lambda x: keras.ops.silu(x + layers.Conv2D(8, 1)(x)),
    ],
    ids=["separable", "stride 2", "residual", "squeeze-excite", "hard-swish", "operations"],
)
def test_what_xnnpack_runs_sparse_is_accepted(middle):
    POLICY.ensure_model_supports_pruning(model(middle))


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (lambda: model(channels=1), "on 3 channels behind ZeroPadding2D"),
        (lambda: model(strides=1), "on 3 channels behind ZeroPadding2D"),
        (lambda: model(padding="same"), "on 3 channels behind ZeroPadding2D"),
        (lambda: model(size=112), "odd feature map"),
        (lambda: model(lambda x: layers.MaxPooling2D(name="pool")(x)), "'pool'"),
        (lambda: model(lambda x: layers.Conv2D(8, 3, name="dense_conv")(x)), "only 1x1"),
        (lambda: model(lambda x: layers.DepthwiseConv2D(3, 2, "same")(x)), "pads unevenly"),
        (lambda: model(lambda x: layers.DepthwiseConv2D(7, padding="same")(x)), "3x3 or 5x5"),
        (lambda: model(lambda x: layers.PReLU()(x)), "PReLU has no kernel"),
        (lambda: model(lambda x: layers.Activation("softplus")(x)), "'softplus'"),
        (lambda: model(lambda x: layers.Conv2D(8, 1, activation="mish")(x)), "'mish'"),
        (lambda: model(lambda x: x + 0.5), "Add has no kernel"),
        (lambda: model(head=lambda x: layers.Dense(10)(layers.Flatten()(x))), "Flatten"),
        (
            lambda: model(
                head=lambda x: layers.Conv2D(10, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
            ),
            "does not end in GlobalAveragePooling2D",
        ),
    ],
)
def test_what_would_run_dense_or_wrong_is_refused_with_the_layer(build, found):
    with pytest.raises(tfprune.PruneError) as error:
        POLICY.ensure_model_supports_pruning(build())
    assert found in error.value.found


def test_only_the_one_by_one_convolutions_are_pruned():
    plan = tfprune.plan_pruning(model(separable), pruning_policy=POLICY)
    assert [row.kernel for row in plan.rows if row.rule] == ["point_1/kernel"]
    assert "PruneForLatencyOnXNNPack does not prune it" in plan.rows[0].reason


def test_rules_may_add_the_head_that_the_policy_leaves_out():
    rules = {"head": tfprune.Rule()}
    plan = tfprune.plan_pruning(model(separable), pruning_policy=POLICY, rules=rules)
    assert [row.kernel for row in plan.rows if row.rule] == ["point_1/kernel", "head/kernel"]
