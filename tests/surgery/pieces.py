"""What the steps of `models` are made of."""

from keras import layers, ops


def pick(number, *variants):
    return variants[number % len(variants)]


def channels(x):
    return x.shape[-1]


def fitting(width, groups):
    """The largest number of groups up to this one that divides the width."""
    return next(n for n in range(max(groups, 1), 0, -1) if width % n == 0)


def conv(x, filters, number):
    """A convolution over images or sequences, a Dense layer over vectors."""
    kind = {4: layers.Conv2D, 3: layers.Conv1D}.get(len(x.shape))
    options = {"use_bias": number % 3 != 2, "activation": pick(number, None, "relu", "silu")}
    if kind is None:
        return layers.Dense(filters, **options)(x)
    return kind(filters, pick(number, 1, 3), padding="same", **options)(x)


def down(x, largest=6):
    """Pool until no axis is longer than `largest`."""
    kind = {4: layers.AveragePooling2D, 3: layers.AveragePooling1D}.get(len(x.shape))
    while kind is not None and max(x.shape[1:-1]) > largest:
        x = kind(2, padding="same")(x)
    return x


def flat(x, number):
    """A vector for each example."""
    if len(x.shape) == 2:
        return x
    if number % 3 == 0:
        return layers.Flatten()(down(x, 3))
    if number % 3 == 1:
        kind = {4: layers.GlobalAveragePooling2D, 3: layers.GlobalAveragePooling1D}
        return kind[len(x.shape)]()(x)
    return ops.max(x, axis=tuple(range(1, len(x.shape) - 1)))


def same_width(x, like):
    """A tensor of the shape of another one, through a convolution if its own is different."""
    return x if x.shape[1:] == like.shape[1:] else project(x, like)


def project(x, like):
    """A tensor that can be added to another one."""
    if x.shape[:-1] == like.shape[:-1]:
        return x if channels(x) == channels(like) else conv(x, channels(like), 0)
    shape = (*[1] * (len(like.shape) - 2), channels(like))
    return layers.Reshape(shape)(layers.Dense(channels(like))(flat(x, 1)))
