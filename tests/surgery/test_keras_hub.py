"""keras_hub: attention heads and the feed-forward width of its transformer layers."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace
from tfprune.surgery.masked import force_to_zero
from tfprune.surgery.resized import Resized

hub = pytest.importorskip("keras_hub", reason='needs keras-hub: pip install "tfprune[hub]"')


MODELS = "keras_hub.src.models.efficientnet."
KINDS = {"MBConvBlock": "mbconv", "FusedMBConvBlock": "fusedmbconv"}


def encoder_model(**settings):
    x = inputs = keras.Input((5, 8))
    x = hub.layers.TransformerEncoder(6, 4, name="encoder", **settings)(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


def keep(model, **units):
    """Masks by the name of a group; the others stay."""
    return [
        np.isin(np.arange(group.size), units.get(group.name.split("/")[-1], range(group.size)))
        for group in trace(model).groups
    ]


def test_heads_and_the_feed_forward_width_are_groups():
    heads, width = prunable(encoder_model())
    assert heads.startswith(
        "encoder/self_attention_layer/query 4: writes encoder/self_attention_layer/query/kernel[1]"
    )
    assert heads.endswith("reads encoder/self_attention_layer/attention_output/kernel[0]")
    assert width == (
        "encoder/feedforward_intermediate_dense 6: "
        "writes encoder/feedforward_intermediate_dense/kernel[1] "
        "encoder/feedforward_intermediate_dense/bias[0]; "
        "reads encoder/feedforward_output_dense/kernel[0]"
    )


def test_the_residual_stream_is_kept_with_the_reason():
    x = inputs = keras.Input((5, 3))
    x = layers.Dense(8, name="embed")(x)
    x = hub.layers.TransformerEncoder(6, 4, name="encoder")(x)
    model = keras.Model(inputs, layers.Dense(2, name="head")(x))
    assert kept(model) == {"embed": "the residual stream of encoder is kept whole"}


@pytest.mark.parametrize("settings", [{}, {"normalize_first": True}, {"activation": "gelu"}])
@pytest.mark.parametrize("ratio", [0.3, 0.5])
def test_an_encoder_becomes_smaller(settings, ratio):
    check(encoder_model(**settings), ratio=ratio)


def test_another_process_loads_fewer_heads_where_keras_was_imported_first(tmp_path):
    model = encoder_model()
    check(model, keep=keep(model, query=[0, 3])).save(tmp_path / "small.keras")
    load = "import keras, keras_hub, tfprune; keras.saving.load_model('small.keras')"
    assert subprocess.run([sys.executable, "-c", load], cwd=tmp_path).returncode == 0


def test_fewer_neurons_alone_need_no_layer_of_ours():
    model = encoder_model()
    small = check(model, keep=keep(model, feedforward_intermediate_dense=[0, 5]))
    encoder = small.get_layer("encoder")
    assert type(encoder) is hub.layers.TransformerEncoder
    assert (encoder.intermediate_dim, encoder.num_heads) == (2, 4)


def test_fewer_heads_keep_their_size():
    model = encoder_model()
    small = check(model, keep=keep(model, query=[1, 2, 3]))
    encoder = small.get_layer("encoder")
    assert isinstance(encoder, Resized)
    assert encoder.layer._self_attention_layer._query_dense.kernel.shape == (8, 3, 2)


def test_the_oracle_silences_what_reads_a_removed_head():
    model = encoder_model()
    structure = trace(model)
    masked = force_to_zero(structure, structure.kept(keep(model, query=[1, 2, 3])))
    attention = masked.get_layer("encoder")._self_attention_layer
    silent = (np.array(attention._output_dense.kernel) == 0).all(axis=(1, 2))
    assert silent.tolist() == [True, False, False, False]


def test_a_pruned_encoder_can_be_pruned_again():
    small = check(check(encoder_model()), ratio=0.5)
    attention = small.get_layer("encoder").layer._self_attention_layer
    assert attention._query_dense.kernel.shape == (8, 1, 2)


def test_a_padding_mask_reaches_a_smaller_encoder():
    x, mask = keras.Input((5, 8)), keras.Input((5,), dtype="int32")
    y = hub.layers.TransformerEncoder(6, 4, name="encoder")(x, padding_mask=mask)
    small = check(keras.Model([x, mask], layers.Dense(2)(y)))
    data, open_, shut = np.ones((1, 5, 8)), np.ones((1, 5)), np.array([[1, 1, 0, 0, 0]])
    data[:, 3:] = 7
    assert not np.allclose(small([data, open_]), small([data, shut]))


def test_a_decoder_with_cross_attention_becomes_smaller():
    x, memory = keras.Input((5, 8)), keras.Input((4, 12))
    y = hub.layers.TransformerDecoder(6, 4, name="decoder")(x, memory)
    model = keras.Model([x, memory], layers.Dense(2, name="head")(y))
    assert [line.split(":")[0] for line in prunable(model)] == [
        "decoder/self_attention/query 4",
        "decoder/cross_attention/query 4",
        "decoder/feedforward_intermediate_dense 6",
    ]
    check(model)


def test_an_embedding_of_tokens_and_positions_is_prunable():
    tokens = keras.Input((5,), dtype="int32")
    x = hub.layers.TokenAndPositionEmbedding(9, 5, 6, name="embed")(tokens)
    model = keras.Model(tokens, layers.Dense(2, name="head")(x))
    assert prunable(model)[0].startswith("embed/token_embedding 6: writes")
    assert check(model).get_layer("embed").embedding_dim == 3


def test_a_reversible_embedding_reads_what_it_has_written():
    tokens = keras.Input((5,), dtype="int32")
    table = hub.layers.ReversibleEmbedding(9, 6, name="table")
    x = layers.LayerNormalization(name="norm")(table(tokens))
    model = keras.Model(tokens, table(x, reverse=True))
    assert prunable(model) == [
        "table 6: writes table/embeddings[1]; scales norm/gamma[0] norm/beta[0]"
    ]
    assert check(model).get_layer("table").output_dim == 3


def test_what_a_reversible_embedding_reads_goes_together_with_what_it_writes():
    tokens = keras.Input((5,), dtype="int32")
    table = hub.layers.ReversibleEmbedding(9, 6, name="table")
    model = keras.Model(tokens, table(layers.Dense(6, name="dense")(table(tokens)), reverse=True))
    [line] = prunable(model)
    assert line.startswith("table 6: writes table/embeddings[1] dense/kernel[1] dense/bias[0]")
    check(model)


TEXT = {"vocabulary_size": 9, "num_layers": 2, "num_heads": 4, "hidden_dim": 8}
LONG = {**TEXT, "intermediate_dim": 6, "max_sequence_length": 7}


@pytest.mark.parametrize(
    "build",
    [
        lambda: hub.models.BertBackbone(**LONG, num_segments=5),
        lambda: hub.models.GPT2Backbone(**LONG),
        lambda: hub.models.AlbertBackbone(**LONG, embedding_dim=6, num_segments=5),
        lambda: hub.models.T5Backbone(**TEXT, intermediate_dim=6),
    ],
    ids=["BERT", "GPT-2", "ALBERT, whose layers share weights", "T5"],
)
@pytest.mark.filterwarnings("ignore:.*build.*:UserWarning", "ignore:.*mask.*:UserWarning")
def test_a_backbone_becomes_smaller(build):
    backbone = build()
    model = keras.Model(list(backbone.input.values()), backbone.output)
    assert notes(model) == []
    small = check(model)
    assert small.count_params() < model.count_params()


@pytest.mark.parametrize("block", ["MBConvBlock", "FusedMBConvBlock"])
def test_the_blocks_of_an_efficientnet_lose_channels_and_become_plain_keras(block):
    kind = getattr(__import__(MODELS + KINDS[block], fromlist=[block]), block)
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, name="stem")(x)
    x = kind(8, 8, expand_ratio=2, se_ratio=0.25, name="block")(x)
    small = check(keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x))))
    assert type(small.get_layer("block")).__name__ == "Functional"
    assert small.get_layer("block").outputs[0].shape == (None, 6, 6, 4)
