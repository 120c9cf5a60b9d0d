"""From sentences with a label to a file for the phone: the steps of docs/tutorial_text.md.

Put your own into `reviews.csv`, a line `label,sentence` for each; without it some are made up.
"""

from __future__ import annotations

import csv
from pathlib import Path

import keras
import numpy as np

import tfprune

LENGTH, WORDS, WIDTH = 16, 4000, 32
GOOD = ["moving", "brilliant", "warm", "funny", "clever", "gripping", "tender"]
BAD = ["dull", "clumsy", "cold", "tedious", "shallow", "lifeless", "noisy"]
THINGS = ["plot", "cast", "script", "ending", "music", "camera", "pace"]


def write_reviews(path: Path, count: int) -> None:
    """Make up reviews: a thing is praised or blamed, now and then by saying what it is not."""
    random = np.random.default_rng(0)
    lines = []
    for _ in range(count):
        praised, denied = random.integers(2, size=2)
        word = random.choice(GOOD if praised != denied else BAD)
        filler = " ".join(random.choice(THINGS, 3))
        said = "is never" if denied else "is always"
        lines.append((praised, f"with {filler} the {random.choice(THINGS)} {said} {word}"))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)


def network(words: int) -> keras.Model:
    """Return a small transformer: ids of words (batch, 16) → how likely it is praise."""
    layers, ops = keras.layers, keras.ops
    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    x = layers.Embedding(words, WIDTH, name="words")(ids)
    known = ops.not_equal(ids, 0)  # 0 fills up short sentences
    attention = layers.MultiHeadAttention(4, 8, name="attention")
    attended = attention(x, x, attention_mask=ops.expand_dims(known, 1))
    x = layers.LayerNormalization(name="norm_1")(x + attended)
    inner = layers.Dense(4 * WIDTH, "relu", name="inner")(x)
    x = layers.LayerNormalization(name="norm_2")(x + layers.Dense(WIDTH, name="outer")(inner))
    praise = layers.Dense(1, "sigmoid", name="praise")(layers.GlobalMaxPooling1D()(x))
    model = keras.Model(ids, praise)
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    return model


def main(samples: int = 4000, epochs: int = 8, reviews: str = "reviews.csv") -> float:
    """Train, compress, and say what the file gets right of sentences nobody has looked at."""
    if not Path(reviews).exists():
        write_reviews(Path(reviews), samples)
    with open(reviews, newline="") as file:
        labels, sentences = zip(*csv.reader(file), strict=True)
    half, rest = len(labels) // 2, 3 * len(labels) // 4

    # words become numbers outside of the file; the app needs the same list
    to_ids = keras.layers.TextVectorization(WORDS, output_sequence_length=LENGTH)
    to_ids.adapt(list(sentences[:half]))
    Path("vocabulary.txt").write_text("\n".join(to_ids.get_vocabulary()))
    ids = np.asarray(to_ids(list(sentences)), "int32")
    praises = np.array(labels, "float32")

    model = network(to_ids.vocabulary_size())
    model.fit(ids[:half], praises[:half], epochs=epochs, batch_size=32, verbose=0)
    result = tfprune.compress(
        model,
        (ids[:half], praises[:half]),
        (ids[half:rest], praises[half:rest]),
        budget={"macs": 0.5},
        max_drop=0.02,
        out="out",
        recipe={
            "quantize": {"precisions": ["dynamic"]},  # the table of words is most of the file
            "prune": {"trials": 1, "steps": 1},
            "fine_tune": {"epochs": 1, "start": "repaired"},
        },
    )
    print(result)
    unseen = ids[rest:], praises[rest:]
    found = tfprune.evaluate("out/model.tflite", unseen, ["accuracy"], like=result.best.keras_path)
    print(found)
    return float(found["accuracy"])


if __name__ == "__main__":
    main()
