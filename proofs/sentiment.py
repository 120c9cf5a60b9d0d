"""int8 of a BERT: MiniLM judges film reviews in float32, dynamic-range int8 and full int8.

The pretrained network is left as it is; a linear head is fitted to what it makes of 2,500
sentences, and 1,000 others are judged by each file. Run: `python -m proofs.sentiment`.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from proofs.minilm import minilm, tokens
from proofs.packages import fetch_source
from tfprune import convert
from tfprune.runners import Runner

_VADER = (
    "vaderSentiment",
    "3.3.2",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
_LENGTH, _TEST, _TRAIN, _CALIBRATE = 48, 1000, 2500, 200
Array = NDArray[Any]


def reviews() -> tuple[Array, Array]:
    """Return token ids (sentences, 48) of film reviews, and whether they praise the film."""
    texts, praises = snippets("movie")
    order = np.random.default_rng(0).permutation(len(texts))[: _TEST + _TRAIN]
    return tokens([texts[i] for i in order], _LENGTH), praises[order]


def snippets(what: str, least: float = 0.0) -> tuple[list[str], Array]:
    """Return sentences of reviews, and whether each praises, as people have scored them.

    Args:
        what: "movie", or "amazon" for reviews of five products.
        least: Sentences whose score, -4 to 4, is nearer to 0 are left out.
    """
    with tarfile.open(fetch_source(*_VADER)) as outer:
        member = outer.extractfile(_INNER)
        content = b"" if member is None else member.read()
    with tarfile.open(fileobj=io.BytesIO(content)) as inner:
        member = inner.extractfile(f"hutto_ICWSM_2014/{what}ReviewSnippets_GroundTruth.txt")
        text = "" if member is None else member.read().decode("utf-8", "replace")
    rows = [line.split("\t") for line in text.splitlines()]
    rows = [row for row in rows if abs(float(row[1])) >= least]
    return [row[2] for row in rows], np.array([float(row[1]) > 0 for row in rows])


def fit_head(model: Any, ids: Array, praises: Array) -> None:
    """Set the last layer by logistic regression, with the rest of the network as it is."""
    body = keras.Model(model.input, model.layers[-1].input)
    features = np.concatenate([np.asarray(body(part)) for part in np.array_split(ids, 25)])
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 0.01)
    x, weights, offset = (features - mean) / spread, np.zeros(features.shape[1]), 0.0
    for _ in range(3000):
        wrong = 1 / (1 + np.exp(-(x @ weights + offset))) - praises
        weights -= 0.3 * (x.T @ wrong / len(x) + 0.01 * weights)
        offset -= 0.3 * float(wrong.mean())
    kernel = weights / spread
    model.layers[-1].set_weights([kernel[:, None], np.array([offset - mean @ kernel])])


def scores(path: str, ids: Array) -> Array:
    """Return the score that a file gives each row."""
    with Runner(path) as runner:
        return np.array([float(np.ravel(runner.run([row[None]])[0])[0]) for row in ids])


def measured(model: Any, ids: Array, praises: Array, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number format: correct, error of the scores, bytes, float ops."""
    calibration = ids[_TEST : _TEST + _CALIBRATE]
    wanted = None
    for quantize in (None, "dynamic", "int8"):
        data = calibration if quantize == "int8" else None
        path = str(Path(folder, f"{quantize}.tflite"))
        result = convert(model, path, quantize=quantize, representative_dataset=data, sparse=False)
        found = scores(path, ids[:_TEST])
        wanted = found if wanted is None else wanted
        yield {
            "format": quantize or "float32",
            "correct": float(np.mean((found > 0) == praises[:_TEST])),
            "error": float(np.sqrt(np.mean((found - wanted) ** 2)) / wanted.std()),
            "agree": float(np.mean((found > 0) == (wanted > 0))),
            "bytes": result.bytes,
            "notes": [str(note) for note in result.notes],
        }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", action="store_true", help="print what stays float, and why")
    arguments = parser.parse_args()
    ids, praises = reviews()
    model = minilm(_LENGTH)
    fit_head(model, ids[_TEST:], praises[_TEST:])
    print("| format | correct | error | same verdict as float32 | bytes |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(model, ids, praises, folder):
            shares = f"{row['correct']:.1%} | {row['error']:.1%} | {row['agree']:.1%}"
            print(f"| {row['format']} | {shares} | {row['bytes']:,} |", flush=True)
            if arguments.notes:
                print(*row["notes"], sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
