"""Networks as people write them, small: one function for each family that no library brings."""

from keras import Input, Model, layers, ops


def conv(x, filters, size=3, strides=1):
    x = layers.Conv2D(filters, size, strides, "same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def unet():
    """U-Net (arXiv:1505.04597): skips are concatenated on the way up."""
    image = Input((16, 16, 3))
    high = conv(image, 6)
    low = conv(layers.MaxPooling2D()(high), 8)
    up = layers.Conv2DTranspose(6, 2, strides=2, padding="same")(low)
    x = conv(layers.Concatenate()([up, high]), 6)
    return Model(image, layers.Conv2D(2, 1, activation="softmax", name="mask")(x))


def shufflenet():
    """ShuffleNet v2 (arXiv:1807.11164): split, convolve one half, concatenate, shuffle."""
    image = Input((8, 8, 3))
    x = conv(image, 8)
    for _ in range(2):
        left, right = ops.split(x, 2, axis=-1)
        right = layers.DepthwiseConv2D(3, padding="same")(conv(right, 4, 1))
        x = layers.Concatenate()([left, conv(right, 4, 1)])
        x = layers.Permute((1, 2, 4, 3))(layers.Reshape((8, 8, 2, 4))(x))
        x = layers.Reshape((8, 8, 8))(x)
    return Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def ghostnet():
    """GhostNet (arXiv:1911.11907): half of the channels are cheap copies of the others."""
    image = Input((8, 8, 3))
    x = conv(image, 8)
    for _ in range(2):
        primary = conv(x, 4, 1)
        ghost = layers.DepthwiseConv2D(3, padding="same")(primary)
        x = layers.Add()([x, layers.Concatenate()([primary, ghost])])
    return Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def yolo():
    """A YOLOv8 backbone: C2f blocks, pooling pyramid, two heads side by side."""
    image = Input((16, 16, 3))
    x = conv(image, 8, 3, 2)
    parts = [*ops.split(conv(x, 8, 1), 2, axis=-1)]
    for _ in range(2):
        parts.append(parts[-1] + conv(conv(parts[-1], 4), 4))
    x = conv(layers.Concatenate()(parts), 8, 1)
    pools = [conv(x, 4, 1)]
    for _ in range(3):
        pools.append(layers.MaxPooling2D(5, 1, "same")(pools[-1]))
    x = conv(layers.Concatenate()(pools), 8, 1)
    heads = [
        layers.Conv2D(4, 1, name="box")(conv(x, 4)),
        layers.Conv2D(2, 1, name="kind")(conv(x, 4)),
    ]
    return Model(image, layers.Reshape((-1, 6))(layers.Concatenate()(heads)))


def vision_transformer():
    """A ViT (arXiv:2010.11929) with attention in a few lines of keras.ops."""
    image = Input((16, 16, 3))
    x = ops.reshape(layers.Conv2D(12, 8, 8)(image), (-1, 4, 12))
    for _ in range(2):
        y = ops.reshape(layers.Dense(36)(layers.LayerNormalization()(x)), (-1, 4, 3, 3, 4))
        query, key, value = ops.unstack(ops.transpose(y, (2, 0, 3, 1, 4)))
        y = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / 2) @ value
        x += layers.Dense(12)(ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, 4, 12)))
        x += layers.Dense(12)(layers.Dense(24, "gelu")(layers.LayerNormalization()(x)))
    return Model(image, layers.Dense(3)(x[:, 0]))


def mixer():
    """MLP-Mixer (arXiv:2105.01601): a Dense layer along the places, one along the channels."""
    image = Input((16, 16, 3))
    x = layers.Reshape((4, 8))(layers.Conv2D(8, 8, 8)(image))
    y = layers.Dense(6, "gelu")(layers.Permute((2, 1))(layers.LayerNormalization()(x)))
    x = layers.Add()([x, layers.Permute((2, 1))(layers.Dense(4, name="places")(y))])
    x = layers.Add()([x, layers.Dense(8)(layers.Dense(16, "gelu")(layers.LayerNormalization()(x)))])
    return Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def conformer():
    """A Conformer's convolution module (arXiv:2005.08100): a gate, then a depthwise convolution."""
    sound = Input((10, 4))
    x = layers.Dense(6)(sound)
    left, gate = ops.split(layers.Dense(16)(layers.LayerNormalization()(x)), 2, axis=-1)
    y = layers.DepthwiseConv1D(5, padding="same")(left * ops.sigmoid(gate))
    x += layers.Dense(6)(layers.Activation("silu")(layers.BatchNormalization()(y)))
    return Model(sound, layers.Dense(3)(layers.Lambda(lambda t: ops.mean(t, axis=1))(x)))


def wavenet():
    """WaveNet (arXiv:1609.03499): gated dilated convolutions, residuals and skips."""
    sound = Input((16, 1))
    x, skips = layers.Conv1D(6, 1)(sound), []
    for rate in (1, 2):
        tanh = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        gate = layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        skips.append(layers.Conv1D(4, 1)(tanh * gate))
        x = layers.Add()([x, layers.Conv1D(6, 1)(tanh * gate)])
    return Model(sound, layers.Conv1D(1, 1)(layers.ReLU()(layers.Add()(skips))))


def decoder():
    """The generator of a DCGAN (arXiv:1511.06434)."""
    code = Input((5,))
    x = layers.Reshape((4, 4, 6))(layers.Dense(96, use_bias=False)(code))
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(6, 4, 2, "same", activation="relu")(x)
    return Model(code, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))


def super_resolution():
    """ESPCN (arXiv:1609.05158): channels become pixels."""
    image = Input((4, 4, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    x = ops.transpose(ops.reshape(x, (-1, 4, 4, 2, 2, 4)), (0, 1, 3, 2, 4, 5))
    return Model(image, layers.Conv2D(3, 3, padding="same")(ops.reshape(x, (-1, 8, 8, 4))))


def recommender():
    """DLRM (arXiv:1906.00091): embeddings and dense features, multiplied in pairs."""
    ids = [Input((), dtype="int32") for _ in range(2)]
    numbers = Input((4,))
    vectors = [layers.Embedding(5, 6)(each) for each in ids]
    vectors.append(layers.Dense(6, "relu")(layers.Dense(8, "relu")(numbers)))
    pairs = [layers.Dot(1)([vectors[a], vectors[b]]) for a, b in ((0, 1), (0, 2), (1, 2))]
    x = layers.Dense(8, "relu", name="top")(layers.Concatenate()([*pairs, *vectors]))
    return Model([*ids, numbers], layers.Dense(1, "sigmoid")(x))


def translator():
    """Sequence to sequence (arXiv:1409.3215) with attention over the encoder's states."""
    source, target = Input((5, 4)), Input((6, 4))
    states, hidden, cell = layers.LSTM(6, return_sequences=True, return_state=True)(source)
    x = layers.LSTM(6, return_sequences=True)(target, initial_state=[hidden, cell])
    x = layers.Concatenate()([x, layers.Attention()([x, states])])
    return Model([source, target], layers.TimeDistributed(layers.Dense(4))(x))
