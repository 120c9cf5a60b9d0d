"""MiniLM, fine-tuned to tell praise from blame, made smaller in every way there is."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np

import tfprune
from proofs.headline_measure import Array, Made, Stages
from proofs.minilm import minilm, tokens, word_pieces
from proofs.sentiment import snippets
from tfprune.surgery import cut_vocabulary

LENGTH, BATCH, TEST, USED = 48, 32, 1_000, 256
RATE, EPOCHS, SEEN = 5e-5, 2, 2
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
HALVES = {"*_inner": 0.5, "*_attention/query": 0.5}
THIRDS = {"*_inner": 0.45, "*_attention/query": 1 / 3}


def make(seed: int) -> Made:
    """Return dense and small files of one seed."""
    stages = Stages("text", seed)
    (texts, praises), own, foreign = sentences(seed)
    ids = tokens(texts, LENGTH)
    dense = stages.model("dense", partial(_dense, ids, praises, seed))
    cut = cut_vocabulary(
        dense, ids, at_least=SEEN, keep=_always(), unknown=word_pieces().index("[UNK]")
    )
    words = cut.words(word_pieces())
    data = tokens(texts, LENGTH, words), praises.astype("float32")
    small = stages.model("small", partial(_small, cut.model, data, seed))
    stages.convert("dense float32", dense, ids[:8])
    stages.convert("dense, dynamic int8", dense, ids[:8], quantize="dynamic")
    few = data[0][:8]
    stages.convert("small float32", small, few)
    stages.convert("small float16", small, few, quantize="float16")
    stages.convert("small, dynamic int8", small, few, quantize="dynamic")
    calibration = data[0][:USED]
    stages.convert("small int8", small, few, quantize="int8", representative_dataset=calibration)
    sets = {"film reviews": own, "product reviews": foreign}
    tests = {
        network: {name: (tokens(said, LENGTH, known), y) for name, (said, y) in sets.items()}
        for network, known in (("dense", None), ("small", words))
    }
    return stages.made(lambda label: tests[label[:5]], ("blame", "praise"))


def sentences(seed: int) -> tuple[Any, Any, Any]:
    """Return texts and verdicts to train on, to test on, and from elsewhere."""
    texts, praises = snippets("movie")
    order = np.random.default_rng(seed).permutation(len(texts))
    own = [texts[i] for i in order[:TEST]], praises[order[:TEST]]
    train = [texts[i] for i in order[TEST:]], praises[order[TEST:]]
    return train, own, snippets("amazon", least=1.0)


def _always() -> list[int]:
    """Return the ids of the special words and of single letters, by which any word is spelt."""
    pieces = enumerate(word_pieces())
    return [i for i, word in pieces if word in SPECIAL or len(word.removeprefix("##")) == 1]


def _compile(model: Any, steps: int, rate: float = RATE) -> Any:
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
        jit_compile=False,
    )
    return model


def _dense(ids: Array, praises: Array, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    model = _compile(minilm(LENGTH), len(ids) // BATCH)
    model.fit(ids, praises.astype("float32"), batch_size=BATCH, verbose=2)
    return model


def _small(dense: Any, data: tuple[Array, Array], seed: int) -> Any:
    """Take heads and neurons in two steps, repaired, then taught by the dense network."""
    small = dense
    for rules, epochs in ((HALVES, 1), (THIRDS, EPOCHS)):
        criterion = tfprune.criteria.Taylor((data[0][:USED], data[1][:USED]))
        plan = tfprune.plan_structured(_compile(small, 1), rules, criterion)
        small = plan.apply(repair_on=data[0][USED : 2 * USED])
        keras.utils.set_random_seed(seed)
        taught = _compile(
            tfprune.Distilled(small, dense, temperature=2.0, alpha=0.7),
            epochs * len(data[0]) // BATCH,
            2 * RATE,
        )
        taught.fit(*data, batch_size=BATCH, epochs=epochs, verbose=2)
    return small
