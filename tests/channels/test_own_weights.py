"""A layer that holds weights of its own loses units along the axes on which they lie."""

import keras
import pytest
from keras import layers, ops

from tests.channels.checks import check, notes, prunable


class Holding(layers.Layer):
    """A layer of one weight."""

    def build(self, shape):
        self.weight = self.add_weight(shape=self.shape(shape), name="weight")

    def shape(self, shape):
        return shape[-1:]


class Scaled(Holding):
    """ConvNeXt's factor for each channel."""

    def call(self, x):
        return x * self.weight


class Gated(Holding):
    def shape(self, shape):
        return (1, 1, shape[-1])

    def call(self, x):
        return ops.sigmoid(self.weight) * x


class Placed(Holding):
    """A learned table of positions."""

    def shape(self, shape):
        return (1, *shape[1:])

    def call(self, x):
        return x + self.weight


class Token(Holding):
    """A learned token before the others."""

    def call(self, x):
        token = ops.broadcast_to(self.weight, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1)


class Louder(Holding):
    """One number for all."""

    def shape(self, shape):
        return ()

    def call(self, x):
        return x * self.weight


class Mixed(Holding):
    """A Dense layer written by hand."""

    def shape(self, shape):
        return (shape[-1], 4)

    def call(self, x):
        return ops.matmul(x, self.weight)


def network(layer):
    x = keras.Input((6, 3))
    y = layer(layers.Dense(4, name="before")(x))
    return keras.Model(x, layers.Dense(2, name="head")(layers.GlobalAveragePooling1D()(y)))


@pytest.mark.parametrize("kind", [Scaled, Gated, Placed, Token, Louder])
def test_units_go_through_a_weight_of_the_layers_own(kind):
    model = network(kind(name="own"))
    assert [line.split(":")[0] for line in prunable(model)] == ["before 4"]
    assert notes(model) == []
    assert check(model).get_layer("before").units == 2


def test_a_kernel_of_the_layers_own_loses_what_it_reads_and_what_it_makes():
    read, made = prunable(network(Mixed(name="own")))
    assert read.endswith("reads own/weight/embeddings[0]")
    assert made.startswith("own/weight 4: writes own/weight/embeddings[1]")
    check(network(Mixed(name="own")))
