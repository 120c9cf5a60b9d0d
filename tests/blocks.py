"""A composite layer as people write it."""

import keras
from keras import layers


class Inverted(layers.Layer):
    """Wide, then narrow again, with a shortcut."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.expand = layers.Conv2D(6, 1, use_bias=False, name="expand")
        self.norm = layers.BatchNormalization(name="norm")
        self.project = layers.Conv2D(4, 1, name="project")

    def build(self, shape):
        self.expand.build(shape)
        self.norm.build((*shape[:-1], 6))
        self.project.build((*shape[:-1], 6))

    def call(self, x, training=None):
        return x + self.project(keras.ops.relu(self.norm(self.expand(x), training=training)))
