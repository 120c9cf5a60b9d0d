"""Graphs built by hand, op by op, without TensorFlow."""

import numpy as np

from tfprune.tflite import Op, Subgraph, Tensor, TFLiteModel

SAME, VALID = 0, 1


class Builder:
    """Collects tensors and ops; every method returns the tensor that its op writes."""

    def __init__(self, size=32, channels=3, sparsity=0.8):
        self.tensors, self.ops, self.sparsity = [], [], sparsity
        self.image = self.tensor((1, size, size, channels))

    def tensor(self, shape, dtype="float32", data=None):
        raw = np.zeros(0, np.uint8)
        if data is not None:
            raw = np.ascontiguousarray(data, dtype).view(np.uint8).reshape(-1)
        index = len(self.tensors)
        self.tensors.append(
            Tensor(index=index, name=f"t{index}", shape=tuple(shape), dtype=dtype, data=raw)
        )
        return index

    def weights(self, shape):
        values = np.ones(np.prod(shape))
        values[: round(self.sparsity * values.size)] = 0
        return self.tensor(shape, data=values)

    def op(self, name, inputs, shape, **options):
        out = self.tensor(shape, self.tensors[inputs[0]].dtype)
        self.ops.append(
            Op(
                index=len(self.ops),
                name=name,
                version=1,
                inputs=tuple(inputs),
                outputs=(out,),
                options=options,
            )
        )
        return out

    def shape(self, x):
        return self.tensors[x].shape

    def _filter(self, name, x, kernel, channels, stride, padding, dilation):
        reduced = kernel - 1 if padding == VALID else 0
        sizes = [-(-(n - reduced * dilation) // stride) for n in self.shape(x)[1:3]]
        options = {"padding": padding, "strideH": stride, "strideW": stride}
        options |= {"dilationHFactor": dilation, "dilationWFactor": dilation}
        bias = self.tensor((channels,), data=np.ones(channels))
        depth = 1 if name == "DEPTHWISE_CONV_2D" else channels
        last = channels if name == "DEPTHWISE_CONV_2D" else self.shape(x)[3]
        weights = self.weights((depth, kernel, kernel, last))
        shape = (1, *sizes, channels)
        return self.op(name, (x, weights, bias), shape, fusedActivationFunction=0, **options)

    def conv(self, x, channels=16, kernel=1, stride=1, padding=VALID, dilation=1):
        return self._filter("CONV_2D", x, kernel, channels, stride, padding, dilation)

    def depthwise(self, x, kernel=3, stride=1, padding=SAME, dilation=1, multiplier=1):
        channels = self.shape(x)[3] * multiplier
        return self._filter("DEPTHWISE_CONV_2D", x, kernel, channels, stride, padding, dilation)

    def pad(self, x, top=1, bottom=1, left=1, right=1):
        amounts = [[0, 0], [top, bottom], [left, right], [0, 0]]
        n, height, width, channels = self.shape(x)
        shape = (n, height + top + bottom, width + left + right, channels)
        return self.op("PAD", (x, self.tensor((4, 2), "int32", amounts)), shape)

    def stem(self, x=None, channels=8):
        return self.conv(self.pad(self.image if x is None else x), channels, 3, 2)

    def unary(self, x, name="RELU"):
        return self.op(name, (x,), self.shape(x))

    def binary(self, a, b, name="ADD"):
        shapes = zip(self.shape(a), self.shape(b), strict=True)
        return self.op(name, (a, b), [max(n) for n in shapes], fusedActivationFunction=0)

    def mean(self, x, keep=False, axes=(1, 2)):
        shape = [1 if i in axes else n for i, n in enumerate(self.shape(x))]
        if not keep:
            shape = [n for i, n in enumerate(self.shape(x)) if i not in axes]
        where = self.tensor((len(axes),), "int32", axes)
        return self.op("MEAN", (x, where), shape, keepDims=keep)

    def pool(self, x, size=2, stride=2):
        n, height, width, channels = self.shape(x)
        shape = (n, height // stride, width // stride, channels)
        options = {"filterHeight": size, "filterWidth": size, "strideH": stride, "strideW": stride}
        return self.op("MAX_POOL_2D", (x,), shape, **options)

    def gate(self, x, keep=True):
        """Squeeze and excite; without `keep` a RESHAPE gives the mean its dimensions back."""
        channels = self.shape(x)[3]
        s = self.mean(x, keep)
        if not keep:
            s = self.op("RESHAPE", (s,), (1, 1, 1, channels))
        s = self.unary(self.conv(self.unary(self.conv(s, 4)), channels), "LOGISTIC")
        return self.op("MUL", (x, s), self.shape(x), fusedActivationFunction=0)

    def model(self, *outputs):
        graph = Subgraph(
            name="",
            tensors=tuple(self.tensors),
            ops=tuple(self.ops),
            inputs=(self.image,),
            outputs=outputs,
        )
        return TFLiteModel(None, b"", (graph,))


def network(middle=lambda b, x: x, end=lambda b, x: b.mean(x), sparsity=0.8, size=32):
    """A stem, a separable block, `middle`, a 1x1 convolution and `end`."""
    b = Builder(size, sparsity=sparsity)
    x = b.conv(b.depthwise(b.stem()))
    x = b.unary(b.conv(middle(b, x)))
    return b.model(end(b, x))
