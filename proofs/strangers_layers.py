"""Layers as people write them in blocks of their own; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

register = keras.saving.register_keras_serializable("strangers")


@register
def hard_swish(x: Any) -> Any:
    """An activation of one's own."""
    return x * ops.relu6(x + 3.0) / 6.0


class Sized(layers.Layer):
    """A layer with one setting, its width."""

    def __init__(self, width: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width

    def get_config(self) -> dict[str, Any]:
        """Return the setting."""
        return {**super().get_config(), "width": self.width}


@register
class Residual(Sized):
    """Two convolutions, an activation by name, and a shortcut."""

    def __init__(self, width: int = 8, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.first = layers.Conv2D(width, 3, padding="same", use_bias=False)
        self.norm = layers.BatchNormalization()
        self.second = layers.Conv2D(width, 3, padding="same")
        self.act = keras.activations.get("relu")

    def call(self, x: Any) -> Any:
        """Return what a ResNet's block does."""
        return self.act(x + self.second(self.act(self.norm(self.first(x)))))


@register
class LayerScale(layers.Layer):
    """A learned factor for each channel."""

    def build(self, shape: Any) -> None:
        """Make it as wide as the input."""
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")

    def call(self, x: Any) -> Any:
        """Return the product."""
        return x * self.gamma


@register
class Affine(layers.Layer):
    """One factor and one shift for all."""

    def build(self, shape: Any) -> None:
        """Make two numbers."""
        self.scale = self.add_weight(shape=(), initializer="ones", name="factor")
        self.bias = self.add_weight(shape=(), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        """Return the input, scaled and shifted."""
        return x * self.scale + self.bias


@register
class Normed(layers.Layer):
    """Root mean square normalization, written out, with gains of the layer's own."""

    def build(self, shape: Any) -> None:
        """Make a gain for each channel."""
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")

    def call(self, x: Any) -> Any:
        """Return the input over its size, scaled."""
        size = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return x * ops.rsqrt(size + 1e-6) * self.gain


@register
class ResponseNorm(layers.Layer):
    """Responses of channels beside those of all, as in ConvNeXt V2, without the mean."""

    def build(self, shape: Any) -> None:
        """Make a factor and a shift for each channel."""
        self.gamma = self.add_weight(shape=(1, 1, 1, shape[-1]), name="gamma")
        self.beta = self.add_weight(shape=(1, 1, 1, shape[-1]), name="beta")

    def call(self, x: Any) -> Any:
        """Return the input plus its scaled responses."""
        size = ops.sqrt(ops.sum(ops.square(x), axis=(1, 2), keepdims=True) + 1e-6)
        return self.gamma * (x * size) + self.beta + x


@register
class ClassToken(layers.Layer):
    """A learned token before the others, and a table of positions for all."""

    def build(self, shape: Any) -> None:
        """Make both as wide as the tokens."""
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")
        self.places = self.add_weight(shape=(1, shape[1] + 1, shape[-1]), name="places")

    def call(self, x: Any) -> Any:
        """Return one token more."""
        token = ops.tile(self.token, (ops.shape(x)[0], 1, 1))
        return ops.concatenate([token, x], axis=1) + self.places


@register
class Places(layers.Layer):
    """A learned table of positions."""

    def build(self, shape: Any) -> None:
        """Make it as large as an example."""
        self.places = self.add_weight(shape=(1, *shape[1:]), name="places")

    def call(self, x: Any) -> Any:
        """Return the sum."""
        return x + self.places


@register
class FeatureTokens(Sized):
    """Each number of a row times a vector of its own (FT-Transformer)."""

    def build(self, shape: Any) -> None:
        """Make a vector and a shift for each number."""
        self.table = self.add_weight(shape=(shape[-1], self.width), name="table")
        self.bias = self.add_weight(shape=(shape[-1], self.width), name="shift")

    def call(self, x: Any) -> Any:
        """Return a token for each number."""
        return ops.expand_dims(x, -1) * self.table + self.bias


@register
class OwnDense(Sized):
    """A product with a kernel of one's own."""

    def build(self, shape: Any) -> None:
        """Make kernel and bias."""
        self.w = self.add_weight(shape=(shape[-1], self.width), name="w")
        self.b = self.add_weight(shape=(self.width,), name="b")

    def call(self, x: Any) -> Any:
        """Return the affine map."""
        return ops.matmul(x, self.w) + self.b


@register
class Cross(layers.Layer):
    """A layer of a cross network: x0 * (x w) + b + x."""

    def build(self, shapes: Any) -> None:
        """Make a kernel of one column, and a bias."""
        width = shapes[0][-1]
        self.w = self.add_weight(shape=(width, 1), name="w")
        self.b = self.add_weight(shape=(width,), name="b")

    def call(self, inputs: Any) -> Any:
        """Return the crossed features."""
        first, x = inputs
        return first * ops.matmul(x, self.w) + self.b + x


@register
class SpatialGate(layers.Layer):
    """Spatial attention, as in CBAM."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gate = layers.Conv2D(1, 3, padding="same", activation="sigmoid")

    def call(self, x: Any) -> Any:
        """Return the input, gated."""
        most = ops.max(x, axis=-1, keepdims=True)
        mean = ops.mean(x, axis=-1, keepdims=True)
        return x * self.gate(ops.concatenate([most, mean], axis=-1))


@register
class SelfAttention(Sized):
    """Attention written out, its batch asked for."""

    def __init__(self, width: int = 8, heads: int = 2, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.heads = heads
        self.qkv = layers.Dense(3 * width)
        self.out = layers.Dense(width)

    def call(self, x: Any) -> Any:
        """Return what the tokens see."""
        batch, length, each = ops.shape(x)[0], x.shape[1], self.width // self.heads
        parts = ops.reshape(self.qkv(x), (batch, length, 3, self.heads, each))
        query, key, value = ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), axis=0)
        shares = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / each**0.5)
        seen = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        return self.out(ops.reshape(seen, (batch, length, self.width)))

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        return {**super().get_config(), "heads": self.heads}


@register
class Pyramid(Sized):
    """Adds a small map to a large one."""

    def __init__(self, width: int = 8, **kwargs: Any) -> None:
        super().__init__(width, **kwargs)
        self.large = layers.Conv2D(width, 1)
        self.small = layers.Conv2D(width, 1)
        self.up = layers.UpSampling2D(2)

    def call(self, inputs: Any) -> Any:
        """Return a map as large as the first."""
        return self.large(inputs[0]) + self.up(self.small(inputs[1]))


@register
class NearlyOrthogonal(keras.regularizers.Regularizer):
    """For outputs that are 4x4 matrices (PointNet)."""

    def __call__(self, x: Any) -> Any:
        """Return how far the matrices are from orthogonal."""
        x = ops.reshape(x, (-1, 4, 4))
        return 1e-3 * ops.sum(ops.square(ops.matmul(x, ops.swapaxes(x, 1, 2)) - ops.eye(4)))

    def get_config(self) -> dict[str, Any]:
        """Return no setting."""
        return {}
