"""An independent count: TensorFlow's own profiler on the traced graph of a model."""

import contextlib
import io

import tensorflow as tf

# The profiler counts floating point operations: two for each multiply-accumulate.
MULTIPLYING = {"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Conv2DBackpropInput"}


def profiled_macs(model):
    """Return half the float operations of a model's convolutions and matrix products."""
    [image] = model.inputs
    spec = tf.TensorSpec((1, *image.shape[1:]), image.dtype)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    return sum(map(_in_graph, [function.graph, *_bodies(function.graph)]))


def _bodies(graph):
    """Keras wraps a grouped convolution in a function, one for each call; no other has a body."""
    for operation in graph.get_operations():
        if operation.type.endswith("PartitionedCall"):
            yield graph._get_function(operation.get_attr("f").name).graph


def _in_graph(graph):
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        node = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    floats = 0
    while node.children:
        [node] = node.children
        floats += node.float_ops if node.name in MULTIPLYING else 0
    return floats // 2
