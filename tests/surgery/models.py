"""Random Functional graphs: a recipe is a list of steps, each adds layers to what is there.

A step is a name and a number that chooses among its variants, so that a failing recipe can be
read and built again by hand: `build([("conv", 0), ("split", 2)])`.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from tests.surgery.pieces import channels, conv, down, fitting, flat, pick, project, same_width

WIDEST = 24  # no step makes a tensor much wider than this


def build(recipe, sequence=False):
    """Return the model of a recipe, on small images, or on sequences of tokens."""
    source = keras.Input((6,), dtype="int32") if sequence else keras.Input((6, 6, 3))
    x = layers.Embedding(5, 8)(source) if sequence else layers.Conv2D(8, 3, padding="same")(source)
    earlier = []
    for name, number in recipe:
        earlier.append(x)
        x = STEPS[name](x, number, earlier)
    outputs = [layers.Dense(2)(flat(x, len(recipe)))]
    if len(recipe) % 5 == 4:
        outputs.append(layers.Dense(1)(flat(earlier[len(earlier) // 2], 0)))
    return keras.Model(source, outputs)


def convolve(x, number, earlier):
    return conv(x, 4 + 2 * (number % 4), number)


def dense(x, number, earlier):
    width, rank = 4 + 2 * (number % 3), len(x.shape)
    if number % 2 and rank > 2:
        return layers.EinsumDense("...x,xy->...y", width, bias_axes="y")(x)
    return layers.Dense(width, pick(number // 2, "relu", "gelu", "tanh", None))(x)


def depthwise(x, number, earlier):
    multiplier = 2 if number % 3 == 0 and channels(x) <= WIDEST // 2 else 1
    options = {"depth_multiplier": multiplier, "padding": "same", "use_bias": number % 2 == 0}
    kind = {4: layers.DepthwiseConv2D, 3: layers.DepthwiseConv1D}.get(len(x.shape))
    return x if kind is None else kind(3, **options)(x)


def separable(x, number, earlier):
    options = {"depth_multiplier": 1 + number % 2, "padding": "same"}
    kind = {4: layers.SeparableConv2D, 3: layers.SeparableConv1D}.get(len(x.shape))
    return x if kind is None else kind(6, 3, **options)(x)


def transposed(x, number, earlier):
    kind = {4: layers.Conv2DTranspose, 3: layers.Conv1DTranspose}.get(len(x.shape))
    return x if kind is None else down(kind(6, 3, 1 + number % 2, padding="same")(x))


def grouped(x, number, earlier):
    groups = fitting(channels(x), pick(number, 2, 4, channels(x)))
    kind = {4: layers.Conv2D, 3: layers.Conv1D}.get(len(x.shape))
    filters = groups * (1 + number % 3)
    return x if kind is None else kind(filters, 3, padding="same", groups=groups)(x)


def norm(x, number, earlier):
    groups = fitting(channels(x), 2 + number % 3)
    return pick(
        number,
        layers.BatchNormalization(),
        layers.BatchNormalization(scale=False),
        layers.LayerNormalization(),
        layers.RMSNormalization(),
        layers.UnitNormalization(),
        layers.GroupNormalization(groups),
        layers.GroupNormalization(1),
        layers.GroupNormalization(-1),
        layers.LayerNormalization(axis=[*range(1, len(x.shape))]),
    )(x)


def activate(x, number, earlier):
    return pick(
        number,
        layers.ReLU(),
        layers.LeakyReLU(),
        layers.PReLU("uniform"),
        layers.PReLU("uniform", shared_axes=[*range(1, len(x.shape) - 1)] or None),
        layers.Activation("sigmoid"),
        layers.Dropout(0.5),
        layers.Softmax(axis=1),
        layers.Rescaling(0.5, 1.0),
    )(x)


def residual(x, number, earlier):
    y = norm(conv(x, 6, 2 * (number % 3)), number % 4, earlier)
    return layers.Add()([x, conv(y, channels(x), 0)])


def squeeze_excite(x, number, earlier):
    gate = layers.Dense(channels(x), "sigmoid")(layers.Dense(4, "relu")(flat(x, 1)))
    shape = (*[1] * (len(x.shape) - 2), channels(x))
    gate = layers.Reshape(shape)(gate) if number % 2 else ops.reshape(gate, (-1, *shape))
    return layers.Multiply()([x, gate]) if number % 3 else x * gate


def gate_of_one(x, number, earlier):
    return layers.Multiply()([x, layers.Dense(1, "sigmoid")(x)])


def concat(x, number, earlier):
    if channels(x) > WIDEST:
        return x
    branch = pick(number, x, conv(x, 4, 0), layers.ReLU()(x))
    parts = [x, branch] if number % 2 else [branch, x]
    return layers.Concatenate()(parts) if number % 3 else ops.concatenate(parts, axis=-1)


def merge_earlier(x, number, earlier):
    """Meet a tensor of the past, made as wide and as small as this one."""
    other = project(earlier[number % len(earlier)], x)
    merge = pick(
        number,
        layers.Add(),
        layers.Multiply(),
        layers.Average(),
        layers.Maximum(),
        layers.Subtract(),
        lambda pair: ops.minimum(*pair),
        lambda pair: ops.where(pair[0] > pair[1], pair[0], 0.5 * pair[1]),
    )
    return merge([x, other])


def concat_earlier(x, number, earlier):
    same = [y for y in earlier if y.shape[:-1] == x.shape[:-1] and channels(x) < WIDEST]
    return layers.Concatenate()([x, same[number % len(same)]]) if same else x


def split(x, number, earlier):
    if channels(x) == 1:
        return x
    if channels(x) % 2:
        return x[..., 1:] if number % 2 else ops.split(x, [1], axis=-1)[1]
    left, right = ops.split(x, 2, axis=-1)
    return pick(
        number,
        lambda: left * ops.sigmoid(right),
        lambda: ops.concatenate([right, left], axis=-1),
        lambda: ops.concatenate([left, conv(right, 4, 0)], axis=-1),
        lambda: left,
        lambda: layers.Concatenate()([conv(left, 4, 0), norm(right, 2, earlier)]),
    )()


def cut(x, number, earlier):
    half = channels(x) // 2
    if half == 0:
        return x
    first = (slice(None),) * (len(x.shape) - 1)
    if len(x.shape) > 2 and x.shape[1] > 3 and number % 2:
        first = (slice(None), slice(1, None), *first[2:])
    keys = slice(half), slice(half, None), slice(None, None, 2), slice(None, None, -1)
    if number % 5 == 4:
        return ops.take(x, [0, *range(half, channels(x)), 0], axis=-1)
    return x[(*first, pick(number, *keys))]


def pad(x, number, earlier):
    """Zero channels on either side, as in an option A shortcut, met by a wider convolution."""
    before, after = pick(number, (2, 2), (0, 4), (3, 0))
    widths = ((0, 0),) * (len(x.shape) - 1) + ((before, after),)
    if channels(x) > WIDEST:
        return x
    padded = ops.pad(x, widths)
    return padded + conv(x, channels(padded), 0) if number % 4 else layers.ReLU()(padded)


def shuffle(x, number, earlier):
    """ShuffleNet's shuffle, which splits the channels over two axes."""
    if channels(x) % 2 or number % 2:
        return ops.flip(x, axis=-1) if number % 3 else ops.repeat(x, 1, axis=-1)
    shape = x.shape[1:-1]
    y = ops.reshape(x, (-1, *shape, 2, channels(x) // 2))
    return ops.reshape(ops.swapaxes(y, -1, -2), (-1, *shape, channels(x)))


def in_blocks(x, number, earlier):
    """Blocks of the image move into the channels and out again, a convolution between."""
    if len(x.shape) != 4 or channels(x) > WIDEST // 4 or x.shape[1] % 2 or x.shape[2] % 2:
        return x
    rows, columns, width = x.shape[1] // 2, x.shape[2] // 2, channels(x)
    y = ops.reshape(x, (-1, rows, 2, columns, 2, width))
    y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, rows, columns, 4 * width))
    y = conv(y, 4 * width, number) if number % 2 else layers.ReLU()(y)
    if number % 3:
        y = layers.Reshape((rows, columns, 2, 2, width))(y)
        return ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, *x.shape[1:]))
    y = ops.reshape(y, (-1, rows * columns, 4, width))  # a window becomes an example
    y = layers.Dense(width)(ops.reshape(y, (-1, 4, width)))
    return ops.reshape(y, (-1, rows, columns, 4 * width))


def mix_places(x, number, earlier):
    """An MLP along another axis, between two transpositions."""
    if len(x.shape) < 3:
        return x
    order = (*range(1, len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
    y = layers.Permute(order)(x) if number % 2 else ops.swapaxes(x, -1, -2)
    y = layers.Dense(y.shape[-1], "relu")(y)
    return x + (layers.Permute(order)(y) if number % 2 else ops.swapaxes(y, -1, -2))


def pool(x, number, earlier):
    if len(x.shape) == 2 or x.shape[1] < 2:
        return x
    size = len(x.shape) - 2
    names = ("MaxPooling", "AveragePooling", "ZeroPadding", "Cropping", "UpSampling")
    name = names[number % (4 if min(x.shape[1:-1]) > 3 else 3)]
    options = {"padding": "same"} if "Pooling" in name else {}
    return getattr(layers, f"{name}{size}D")(**({"pool_size": 2} | options if options else {}))(x)


def to_sequence(x, number, earlier):
    if len(x.shape) == 4:
        shape = (x.shape[1] * x.shape[2], channels(x))
        return layers.Reshape(shape)(x) if number % 2 else ops.reshape(x, (-1, *shape))
    return layers.RepeatVector(3)(x) if len(x.shape) == 2 else x


def attention(x, number, earlier):
    x = to_sequence(down(x), number, earlier)
    y = layers.LayerNormalization()(x)
    kind = number % 5
    if kind < 2:
        y = layers.MultiHeadAttention(2 + kind, 2, value_dim=2 + kind)(y, y)
    elif kind == 2:
        y = layers.GroupQueryAttention(2, 4, 2)(y, y)
    else:
        query, key = layers.Dense(4)(y), layers.Dense(4)(y)
        y = pick(kind, layers.Attention(), layers.AdditiveAttention())([query, y, key])
    return layers.Add()([x, y]) if number % 3 else y


def heads(x, number, earlier):
    """Attention of two heads, written by hand or with an operation."""
    x = to_sequence(down(x), number, earlier)
    shape = (x.shape[1], 2, 3)
    query, key, value = (layers.Reshape(shape)(layers.Dense(6)(x)) for _ in range(3))
    if number % 3 == 0:
        y = ops.dot_product_attention(query, key, value)
    elif number % 3 == 1:
        scores = ops.softmax(ops.einsum("bthd,bshd->bhts", query, key))
        y = ops.einsum("bhts,bshd->bthd", scores, value)
    else:
        query, key, value = (ops.transpose(y, (0, 2, 1, 3)) for y in (query, key, value))
        y = ops.softmax(query @ ops.swapaxes(key, -1, -2)) @ value
        y = ops.transpose(y, (0, 2, 1, 3))
    y = ops.reshape(y, (-1, x.shape[1], 6))
    return x + layers.Dense(channels(x))(y) if number % 2 else y


def recurrent(x, number, earlier):
    x = to_sequence(down(x), number, earlier)
    sequences = {"return_sequences": number % 2 == 0}
    inner = pick(
        number,
        layers.LSTM(4, **sequences),
        layers.GRU(4, **sequences),
        layers.GRU(4, reset_after=False, **sequences),
        layers.SimpleRNN(4, **sequences),
        layers.RNN(layers.LSTMCell(4), **sequences),
    )
    modes = ("concat", "sum", "mul", "ave")
    if number % 3 == 0:
        return layers.Bidirectional(inner, merge_mode=modes[number % 4])(x)
    return inner(x)


def each_step(x, number, earlier):
    if len(x.shape) < 3:
        return x
    inner = layers.Dense(6) if len(x.shape) == 3 else layers.Conv1D(6, 2, padding="same")
    x = layers.TimeDistributed(inner)(x)
    return layers.TimeDistributed(layers.BatchNormalization())(x) if number % 2 else x


def nested(x, number, earlier):
    """A model as a layer, called once or twice."""
    inputs = keras.Input(x.shape[1:])
    steps = pick(number, ["residual"], ["split", "convolve"], ["squeeze_excite", "pad"])
    y = inputs
    for name in steps:
        y = STEPS[name](y, number, [inputs])
    y = same_width(y, inputs)
    model = keras.Model(inputs, y)
    return model(model(x)) if number % 2 else model(x)


def sequential(x, number, earlier):
    width = channels(x)
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(width, "relu")])
    parts = [keras.Input(x.shape[1:]), layers.Dense(6), layers.LayerNormalization()]
    if len(x.shape) == 2:
        parts.append(inner)
    else:
        parts.append(layers.Dense(width))
    return keras.Sequential(parts)(x)


def shared(x, number, earlier):
    """One layer that is called twice, on this tensor and on one made of it."""
    layer = layers.Dense(channels(x), "relu") if number % 2 else layers.BatchNormalization()
    other = layer(conv(x, channels(x), 0) if number % 3 else layer(x))
    join = layers.Concatenate() if channels(x) < WIDEST // 2 else layers.Add()
    return join([layer(x), other])


def constant(x, number, earlier):
    values = np.random.default_rng(number).uniform(0.5, 1.5, channels(x)).astype("float32")
    values = values.reshape([1] * (number % len(x.shape)) + [channels(x)])
    return pick(
        number,
        lambda: x * values,
        lambda: x + values,
        lambda: ops.subtract(values, x),
        lambda: ops.maximum(x, ops.convert_to_tensor(values)),
        lambda: ops.where(x > values, x, values),
    )()


def operate(x, number, earlier):
    line = tuple(range(1, len(x.shape) - 1)) or (-1,)
    return pick(
        number,
        lambda: ops.exp(-ops.square(x)),
        lambda: x - ops.mean(x, axis=line, keepdims=True),
        lambda: x / (1.0 + ops.sum(ops.abs(x), axis=-1, keepdims=True)),
        lambda: x / (1e-2 + ops.std(x, axis=1, keepdims=True)),
        lambda: ops.clip(x, -1.0, 1.0) ** 2,
        lambda: ops.tile(x, (*[1] * (len(x.shape) - 1), 2)) if channels(x) < WIDEST // 2 else -x,
        lambda: ops.softmax(x, axis=-1),
        lambda: ops.cumsum(x, axis=1),
        lambda: ops.matmul(x, np.eye(channels(x), dtype="float32")),
        lambda: x * ops.cast(x > ops.max(x, axis=-1, keepdims=True) * 0.5, "float32"),
    )()


def flatten(x, number, earlier):
    x = down(x, 3)
    y = layers.Flatten()(x)
    return y[:, 3:-2] if number % 3 == 1 else layers.Dense(8, "relu")(y)


STEPS = {
    step.__name__: step
    for step in (
        convolve, dense, depthwise, separable, transposed, grouped, norm, activate, residual,
        squeeze_excite, gate_of_one, concat, merge_earlier, concat_earlier, split, cut, pad,
        shuffle, in_blocks, mix_places, pool, to_sequence, attention, heads, recurrent, each_step,
        nested, sequential, shared, constant, operate, flatten,
    )
}  # fmt: skip
