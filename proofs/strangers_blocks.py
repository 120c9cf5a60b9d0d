"""More layers as people write them: weighted sums, relative places, gates; no tfprune in here."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_layers import Sized, register


@register
class WeightedSum(layers.Layer):
    """Maps of one size, each with a learned share (BiFPN's fast normalized fusion)."""

    def build(self, shapes: Any) -> None:
        """Make a number for each map."""
        self.w = self.add_weight(shape=(len(shapes),), initializer="ones", name="w")

    def call(self, inputs: Any) -> Any:
        """Return the sum."""
        w = ops.relu(self.w)
        w = w / (ops.sum(w) + 1e-4)
        return sum(w[i] * x for i, x in enumerate(inputs))


@register
class Sampling(layers.Layer):
    """Draws a code in training, and returns its mean otherwise (VAE)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return a code."""
        mean, log_variance = inputs
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.seed)
        return mean + ops.exp(0.5 * log_variance) * noise


@register
class RelativeAttention(Sized):
    """Attention with a learned number for each head and each two places (EfficientFormer)."""

    def __init__(self, width: int = 8, heads: int = 2, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.heads = heads
        self.query, self.key, self.value = (layers.Dense(width) for _ in range(3))
        self.out = layers.Dense(width)

    def build(self, shape: Any) -> None:
        """Make the numbers, and the layers inside."""
        self.places = self.add_weight(shape=(self.heads, shape[1], shape[1]), name="places")
        for part in (self.query, self.key, self.value):
            part.build(shape)
        self.out.build((*shape[:-1], self.width))
        self.built = True

    def call(self, x: Any) -> Any:
        """Return what the tokens see."""
        shape = (-1, x.shape[1], self.heads, self.width // self.heads)
        query, key, value = (
            ops.transpose(ops.reshape(part(x), shape), (0, 2, 1, 3))
            for part in (self.query, self.key, self.value)
        )
        scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) * shape[-1] ** -0.5 + self.places
        seen = ops.transpose(ops.matmul(ops.softmax(scores), value), (0, 2, 1, 3))
        return self.out(ops.reshape(seen, (-1, x.shape[1], self.width)))

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        return {**super().get_config(), "heads": self.heads}


@register
class Branches(Sized):
    """Several convolutions of one map, each normalized, and the map itself (MobileOne)."""

    def __init__(self, width: int = 8, alone: bool = False, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.alone = alone
        self.sides = [self._side(size) for size in (3, 3, 1)]
        self.norms = [layers.BatchNormalization() for _ in range(4)]

    def _side(self, size: int) -> Any:
        if self.alone:
            return layers.DepthwiseConv2D(size, padding="same", use_bias=False)
        return layers.Conv2D(self.width, size, padding="same", use_bias=False)

    def call(self, x: Any) -> Any:
        """Return the activated sum."""
        total = self.norms[3](x) if x.shape[-1] == self.width or self.alone else 0.0
        for side, norm in zip(self.sides, self.norms[:3], strict=True):
            total = total + norm(side(x))
        return ops.relu(total)

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        return {**super().get_config(), "alone": self.alone}


@register
class GatedResidual(Sized):
    """A residual part that a gated linear unit opens (Temporal Fusion Transformer)."""

    def __init__(self, width: int = 8, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.first = layers.Dense(width, activation="elu")
        self.second = layers.Dense(width)
        self.gate = layers.Dense(2 * width)
        self.skip = layers.Dense(width)
        self.norm = layers.LayerNormalization()

    def call(self, x: Any) -> Any:
        """Return the gated sum, normalized."""
        left, right = ops.split(self.gate(self.second(self.first(x))), 2, axis=-1)
        return self.norm(self.skip(x) + left * ops.sigmoid(right))


@register
class Broadcasted(layers.Layer):
    """A map along frequency, and what its mean says along time, for all frequencies (BC-ResNet)."""

    def build(self, shape: Any) -> None:
        """Make the layers inside as wide as the input."""
        self.high = layers.DepthwiseConv2D((3, 1), padding="same", use_bias=False)
        self.long = layers.DepthwiseConv2D((1, 3), padding="same", use_bias=False)
        self.mix = layers.Conv2D(shape[-1], 1)
        self.norms = [layers.BatchNormalization() for _ in range(2)]

    def call(self, x: Any) -> Any:
        """Return the sum of the three."""
        y = self.norms[0](self.high(x))
        z = self.norms[1](self.long(ops.mean(y, axis=1, keepdims=True)))
        return ops.relu(x + y + self.mix(ops.silu(z)))
