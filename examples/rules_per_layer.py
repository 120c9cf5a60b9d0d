"""Different layers, different rules; look at the plan before anything happens.

python examples/rules_per_layer.py
"""

import keras
from keras import layers

import tfprune


def transformer():
    tokens = keras.Input((32,), dtype="int32")
    x = layers.Embedding(1000, 64, name="words")(tokens)
    mixed = layers.MultiHeadAttention(4, 16, name="attention")(x, x)
    x = layers.LayerNormalization()(x + mixed)
    x = layers.Dense(256, activation="relu", name="ffn_up")(x)
    x = layers.Dense(64, name="ffn_down")(x)
    return keras.Model(tokens, layers.Dense(1, name="head")(layers.GlobalAveragePooling1D()(x)))


def main():
    model = transformer()
    later = tfprune.PolynomialDecay(0.0, 0.9, begin_step=100, end_step=1100, frequency=50)
    rules = {
        "words": None,  # an exact name: leave the embedding alone
        "ffn_*": tfprune.Rule(later, tfprune.NM(zeros=2, of=4)),  # a glob
        layers.EinsumDense: tfprune.Rule(later, tfprune.Block((1, 2))),  # inside the attention
        lambda layer: layer.name == "head": None,  # a predicate
    }
    plan = tfprune.plan_pruning(model, later, rules=rules)
    print(plan)
    pruned = tfprune.prune_low_magnitude(model, later, rules=rules)
    pruned.summary()


if __name__ == "__main__":
    main()
