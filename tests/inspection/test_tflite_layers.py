from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from proofs import drawn_parts as parts
from proofs.forge import Forge
from tfprune import convert, inspect
from tfprune.inspection.tflite_layers import layers_of
from tfprune.tflite.model import Op, Subgraph, TFLiteModel
from tfprune.tflite.tensor import Tensor


def sequence(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def attention():
    x = keras.Input((6, 8))
    return keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x))


@pytest.mark.parametrize(
    ("build", "ops"),
    [
        (lambda: sequence((6, 6, 3), layers.Conv2D(8, 3, strides=2)), {"CONV_2D"}),
        (lambda: sequence((6, 6, 3), layers.DepthwiseConv2D(3)), {"DEPTHWISE_CONV_2D"}),
        (lambda: sequence((6, 6, 4), layers.Conv2D(8, 3, groups=2)), {"CONV_2D"}),
        (lambda: sequence((5, 5, 2), layers.Conv2DTranspose(4, 3, strides=2)), {"TRANSPOSE_CONV"}),
        (lambda: sequence((4, 4, 4, 2), layers.Conv3D(3, 2)), {"CONV_3D"}),
        (lambda: sequence((6, 8), layers.Dense(5)), {"FULLY_CONNECTED"}),
        (attention, {"FULLY_CONNECTED", "BATCH_MATMUL"}),
    ],
)
def test_a_file_takes_the_macs_of_its_keras_model(build, ops, tmp_path):
    model = build()
    convert(model, tmp_path / "m.tflite")
    found = inspect(tmp_path / "m.tflite")
    assert {row.op for row in found.layers if row.macs} == ops
    assert found.totals.macs == inspect(model).totals.macs > 0
    assert sum(row.params for row in found.layers) == found.totals.params


def test_an_int8_file_takes_the_macs_of_the_float_one(tmp_path):
    model = sequence((6, 6, 3), layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(2))
    images = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype("float32")
    convert(model, tmp_path / "m.tflite", "int8", images)
    assert inspect(tmp_path / "m.tflite").totals.macs == inspect(model).totals.macs


def test_a_loop_is_noted_not_zero(tmp_path):
    convert(sequence((5, 3), layers.LSTM(4)), tmp_path / "m.tflite")
    found = inspect(tmp_path / "m.tflite")
    assert found.totals.macs is None
    assert any("there is no rule for WHILE" in note.reason for note in found.notes)


def test_input_shape_is_not_used_in_silence(tmp_path):
    convert(sequence((3,), layers.Dense(2)), tmp_path / "m.tflite")
    found = inspect(tmp_path / "m.tflite", (4,))
    assert found.totals.macs == 6
    assert "input_shape is not used" in found.notes[0].reason


TENSORS = (
    Tensor(index=0, name="x", shape=(1, 4), dtype="float32"),
    Tensor(index=1, name="w", shape=(2, 4), dtype="float32", data=np.zeros(32, np.uint8)),
    Tensor(index=2, name="y", shape=(1, 2), dtype="float32"),
    Tensor(index=3, name="z", shape=(1, 2), dtype="float32", dynamic=True),
)


def only(graph):
    return TFLiteModel(None, b"", (graph,))


@pytest.mark.parametrize(
    ("op", "macs", "reason"),
    [
        (
            Op(
                index=0,
                name="FULLY_CONNECTED",
                version=1,
                inputs=(0, 1, -1),
                outputs=(2,),
                options={},
            ),
            8,
            None,
        ),
        (
            Op(
                index=0,
                name="FULLY_CONNECTED",
                version=1,
                inputs=(0, 1, -1),
                outputs=(3,),
                options={},
            ),
            None,
            "open until run time",
        ),
        (
            Op(index=0, name="FULLY_CONNECTED", version=1, inputs=(0,), outputs=(2,), options={}),
            None,
            "lacks operands",
        ),
        (
            Op(index=0, name="TRANSPOSE_CONV", version=1, inputs=(0, 1), outputs=(2,), options={}),
            None,
            "lacks operands",
        ),
        (
            Op(
                index=0,
                name="FlexErf",
                version=1,
                inputs=(0,),
                outputs=(2,),
                options={},
                custom=True,
            ),
            None,
            "no rule for FlexErf",
        ),
        (Op(index=0, name="RELU", version=1, inputs=(0,), outputs=(2,), options={}), 0, None),
    ],
)
def test_an_op_has_macs_or_a_note(op, macs, reason):
    [row], notes = layers_of(
        only(Subgraph(name="main", tensors=TENSORS, ops=(op,), inputs=(0,), outputs=op.outputs))
    )
    assert row.macs == macs
    assert [reason in note.reason for note in notes] == [True] * (reason is not None)


def test_a_weight_that_two_ops_share_is_counted_once():
    ops = tuple(
        Op(index=i, name="FULLY_CONNECTED", version=1, inputs=(0, 1, -1), outputs=(2,), options={})
        for i in range(2)
    )
    rows, _ = layers_of(
        only(Subgraph(name="main", tensors=TENSORS, ops=ops, inputs=(0,), outputs=(2,)))
    )
    assert [(row.params, row.bytes, row.macs) for row in rows] == [(8, 32, 8), (0, 0, 8)]


def test_what_can_be_counted_is_counted_and_the_rest_is_named(tmp_path):
    """An SSD ends in a custom op, whose cost nobody knows."""
    forge = Forge()
    graph = forge.main
    x = graph.tensor((1, 8, 8, 16))
    y = parts.pointwise(graph, x, np.random.default_rng(0), stored="dense")
    end = graph.op("TFLite_Detection_PostProcess", [y], (1, 4), custom=b"?")
    (tmp_path / "m.tflite").write_bytes(forge.content([x], [end]))
    found = inspect(tmp_path / "m.tflite")
    assert (found.totals.macs, found.totals.counted_macs) == (None, 8 * 8 * 16 * 16)
    assert ["TFLite_Detection_PostProcess" in note.reason for note in found.notes] == [True]


def test_a_composite_costs_what_its_graph_costs(tmp_path):
    forge = Forge()
    graph, body = forge.main, forge.graph()
    read = body.tensor((1, 8, 8, 16))
    y = parts.pointwise(body, read, np.random.default_rng(0), stored="dense")
    body.ends = [read], [y]
    x = graph.tensor((1, 8, 8, 16))
    end = graph.op("STABLEHLO_COMPOSITE", [x], name="mine", decompositionSubgraphIndex=1)
    (tmp_path / "m.tflite").write_bytes(forge.content([x], [end]))
    found = inspect(tmp_path / "m.tflite").totals
    assert found.macs == found.counted_macs == 8 * 8 * 16 * 16
