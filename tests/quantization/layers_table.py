"""One small network for each kind of layer that `quantize_model` knows.

Each is a function of one or two inputs, whose names give their shapes (`INPUTS`).
"""

from keras import layers, ops

INPUTS = {"image": (8, 8, 4), "line": (8, 4), "other_line": (5, 6), "vector": (12,)}


def conv(x, filters=4, size=1, **settings):
    return layers.Conv2D(filters, size, padding="same", **settings)(x)


def dense(x, units=3):
    return layers.Dense(units)(x)


def norm(x):
    return layers.BatchNormalization()(x)


def norm_relu(x):
    return layers.ReLU()(norm(x))


def two(x):
    return [conv(x), conv(x, activation="relu")]


def attend(x, y, **settings):
    return layers.MultiHeadAttention(2, 3, **settings)(x, y)


CONVOLUTIONS = {
    "conv2d": lambda image: layers.Conv2D(5, 3, strides=2, activation="relu")(image),
    "conv2d_dilated": lambda image: layers.Conv2D(5, 3, padding="same", dilation_rate=2)(image),
    "conv2d_groups": lambda image: layers.Conv2D(6, 3, groups=2)(image),
    "conv1d_dilated_twice": lambda line: ops.add(
        layers.Conv1D(5, 2, padding="causal", dilation_rate=2)(line),
        layers.Conv1D(5, 2, padding="causal", dilation_rate=2, activation="relu")(line),
    ),
    "conv1d": lambda line: layers.Conv1D(5, 3, activation="relu")(line),
    "conv1d_causal": lambda line: layers.Conv1D(5, 3, padding="causal")(line),
    "conv1d_relu": lambda line: layers.ReLU()(layers.Conv1D(5, 3)(line)),
    "depthwise": lambda image: layers.DepthwiseConv2D(3, padding="same")(image),
    "depthwise_twice": lambda image: layers.DepthwiseConv2D(3, 2, depth_multiplier=2)(image),
    "depthwise1d": lambda line: layers.DepthwiseConv1D(3, depth_multiplier=2)(line),
    "separable": lambda image: layers.SeparableConv2D(5, 3, activation="relu")(image),
    "separable1d": lambda line: layers.SeparableConv1D(5, 3)(line),
    "transposed": lambda image: layers.Conv2DTranspose(5, 3, 2, padding="same")(image),
    "transposed_relu": lambda image: layers.ReLU()(layers.Conv2DTranspose(5, 2, 2)(image)),
    "transposed1d": lambda line: layers.Conv1DTranspose(5, 3, 2)(line),
    "dense": lambda vector: layers.Dense(5, activation="relu")(vector),
    "dense_relu6": lambda vector: layers.Activation("relu6")(dense(vector)),
    "dense_of_lines": lambda line: dense(line),
    "dense_of_images": lambda image: layers.Dense(5, activation="relu")(image),
}
NORMALIZATION = {
    "conv_norm_relu": lambda image: norm_relu(conv(image, 5, 3)),
    "conv_without_bias_norm": lambda image: conv(norm(conv(image, 5, 3, use_bias=False))),
    "depthwise_norm": lambda image: norm_relu(layers.DepthwiseConv2D(3)(image)),
    "separable_norm": lambda image: norm(layers.SeparableConv2D(5, 3)(image)),
    "transposed_norm": lambda image: norm_relu(layers.Conv2DTranspose(5, 2, 2)(image)),
    "dense_norm": lambda vector: norm_relu(dense(vector)),
    "norm_first": lambda image: conv(norm_relu(image)),
    "norm_of_a_vector": lambda vector: dense(norm(vector)),
    "norm_of_a_line": lambda line: dense(norm(line)),
    "rescaling": lambda image: conv(layers.Rescaling(1 / 3, offset=-0.2)(image)),
    "rescaling_only": lambda image: conv(layers.Rescaling(0.5)(image)),
    "normalization": lambda image: conv(
        layers.Normalization(3, mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])(image)
    ),
}
JOINING = {
    "add": lambda image: layers.Add()(two(image)),
    "add_relu": lambda image: layers.ReLU()(layers.Add()(two(image))),
    "add_three": lambda image: layers.Add()([*two(image), image]),
    "subtract": lambda image: layers.Subtract()(two(image)),
    "multiply": lambda image: layers.Multiply()(two(image)),
    "average": lambda image: layers.Average()(two(image)),
    "maximum": lambda image: layers.Maximum()(two(image)),
    "minimum": lambda image: layers.Minimum()(two(image)),
    "concatenate": lambda image: layers.Concatenate()([*two(image), image]),
    "two_inputs": lambda line, other_line: layers.Concatenate(axis=1)(
        [layers.Dense(6)(line), other_line]
    ),
    "squeeze_excite": lambda image: layers.Multiply()(
        [
            image,
            conv(layers.GlobalAveragePooling2D(keepdims=True)(image), activation="sigmoid"),
        ]
    ),
}
PASSING = {
    "max_pool": lambda image: conv(layers.MaxPooling2D(2)(conv(image))),
    "average_pool": lambda image: layers.AveragePooling2D(2)(conv(image)),
    "average_pool_first": lambda image: layers.AveragePooling2D(2, padding="same")(image),
    "max_pool1d": lambda line: dense(layers.MaxPooling1D(2)(line)),
    "average_pool1d": lambda line: layers.AveragePooling1D(2)(dense(line)),
    "global_average": lambda image: dense(layers.GlobalAveragePooling2D()(conv(image))),
    "global_average1d": lambda line: layers.GlobalAveragePooling1D()(line),
    "global_max": lambda image: dense(layers.GlobalMaxPooling2D()(conv(image))),
    "zero_padding": lambda image: layers.Conv2D(3, 3)(layers.ZeroPadding2D(1)(image)),
    "cropping": lambda image: conv(layers.Cropping2D(1)(conv(image))),
    "flatten": lambda image: dense(layers.Flatten()(conv(image))),
    "reshape": lambda image: layers.Reshape((64, 4))(conv(layers.Reshape((4, 16, 4))(image))),
    "permute": lambda image: conv(layers.Permute((2, 1, 3))(image)),
    "dropout": lambda image: conv(layers.Dropout(0.2)(conv(image))),
    "upsampling": lambda image: conv(layers.UpSampling2D(2)(conv(image))),
    "upsampling_bilinear": lambda image: layers.UpSampling2D(2, interpolation="bilinear")(image),
    "resizing": lambda image: layers.Resizing(5, 4)(conv(image)),
    "resizing_nearest": lambda image: conv(layers.Resizing(4, 4, interpolation="nearest")(image)),
    "repeat_vector": lambda vector: dense(layers.RepeatVector(3)(vector)),
}
FUNCTIONS = (
    "relu",
    "relu6",
    "silu",
    "hard_silu",
    "gelu",
    "leaky_relu",
    "elu",
    "sigmoid",
    "tanh",
    "softmax",
    "hard_sigmoid",
    "linear",
)


def inside(name):
    return lambda image: conv(image, activation=name)


def alone(name):
    return lambda image: layers.Activation(name)(image)


ACTIVATIONS = {
    **{f"{name}_inside": inside(name) for name in FUNCTIONS},
    **{f"{name}_layer": alone(name) for name in FUNCTIONS if name != "linear"},
    "linear_layer": lambda image: layers.Activation("linear")(conv(image)),
    "relu6_of_the_input": lambda image: conv(layers.ReLU(6.0)(image)),
    "leaky_relu": lambda image: layers.LeakyReLU(0.2)(conv(image)),
    "softmax": lambda vector: layers.Softmax()(dense(vector)),
    "elu": lambda image: layers.ELU(0.5)(conv(image)),
    "prelu": lambda image: layers.PReLU("he_normal", shared_axes=[1, 2])(conv(image)),
}
OPERATIONS = {
    "ops_add": lambda image: conv(image) + image,
    "ops_relu": lambda image: ops.relu(conv(image)),
    "ops_sigmoid": lambda image: ops.sigmoid(conv(image)) * image,
    "ops_times_number": lambda image: conv(image) * 0.3 + 1.0,
    "ops_mean": lambda image: ops.mean(conv(image), axis=(1, 2)),
    "ops_max": lambda image: ops.max(conv(image), axis=(1, 2)),
    "ops_reshape": lambda image: conv(ops.reshape(image, (-1, 4, 16, 4))),
    "ops_transpose": lambda image: conv(ops.transpose(image, (0, 2, 1, 3))),
    "ops_getitem": lambda image: conv(image[:, 1:, :-1]),
    "ops_concatenate": lambda image: ops.concatenate([conv(image), image], axis=-1),
    "ops_square": lambda image: ops.square(image),
    "ops_divide": lambda image: conv(image / 3.0),
    "ops_clip": lambda image: ops.clip(conv(image), -0.5, 1.5),
    "ops_split": lambda image: ops.add(*ops.split(conv(image), 2, axis=-1)),
    "ops_unstack": lambda image: ops.add(*ops.unstack(conv(image)[:, :2], axis=1)),
    "ops_split_in_part": lambda image: conv(ops.split(conv(image), [1, 3], axis=-1)[1]),
    "ops_roll": lambda image: conv(ops.roll(conv(image), (1, 0), axis=(1, 2))),
    "ops_flip": lambda image: conv(ops.flip(conv(image), axis=1)),
    "ops_take": lambda line: dense(ops.take(dense(line), [0, 2, 1], axis=1)),
    "ops_resize": lambda image: ops.image.resize(image, (5, 4)),
    "ops_pad": lambda image: conv(ops.pad(image, [(0, 0), (1, 1), (2, 0), (0, 0)]), size=3),
    "ops_repeat": lambda image: conv(ops.repeat(image, 2, axis=1)),
    "ops_matmul": lambda line: ops.matmul(dense(line, 5), ops.transpose(dense(line, 5), (0, 2, 1))),
}
ATTENTION = {
    "einsum_dense": lambda line: layers.EinsumDense("abc,cde->abde", (8, 2, 3), bias_axes="de")(
        line
    ),
    "einsum_dense_relu": lambda line: layers.EinsumDense("abc,cd->abd", (8, 5), activation="relu")(
        line
    ),
    "self_attention": lambda line: attend(line, line),
    "cross_attention": lambda line, other_line: attend(line, other_line, value_dim=5),
    "causal_attention": lambda line: layers.MultiHeadAttention(2, 3, dropout=0.1)(
        line, line, use_causal_mask=True
    ),
    "attention_of_rank_4": lambda image: layers.MultiHeadAttention(2, 3, attention_axes=(2,))(
        image, image
    ),
    "attention_block": lambda line: layers.Add()([line, attend(line, line)]),
}
GROUPS = {
    "convolutions": CONVOLUTIONS,
    "normalization": NORMALIZATION,
    "joining": JOINING,
    "passing": PASSING,
    "activations": ACTIVATIONS,
    "operations": OPERATIONS,
    "attention": ATTENTION,
}
