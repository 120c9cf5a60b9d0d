"""Which layers take part in pruning, as an object; tfmot's protocol and its policy for XNNPACK."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph import Calls
from tfprune.keras_facts import op_name

layers = keras.layers

_ACTIVATIONS = {
    "elu",
    "gelu",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "linear",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "swish",
    "tanh",
}
_FREE = (
    layers.Add,
    layers.Multiply,
    layers.ReLU,
    layers.LeakyReLU,
    layers.ELU,
    layers.Dropout,
    layers.ZeroPadding2D,
)
_FREE_OPS = frozenset(
    ["Absolute", "Elu", "Gelu", "HardSilu", "LeakyRelu", "Relu", "Relu6", "Sigmoid", "Silu", "Tanh"]
)


class PruningPolicy(ABC):
    """Says which layers are pruned and whether a model suits the purpose (tfmot's protocol)."""

    @abstractmethod
    def allow_pruning(self, layer: Any) -> bool:
        """Return whether kernels of this layer are pruned."""

    @abstractmethod
    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Raise PruneError if pruning this model would not serve the purpose."""


class PruneForLatencyOnXNNPack(PruningPolicy):
    """Prune the 1x1 convolutions of a model that XNNPACK's sparse kernels can run on ARM cores.

    From a stride-2 3x3 convolution of 3 channels with explicit padding 1 up to
    `GlobalAveragePooling2D`, every layer must be one that XNNPACK runs channel by channel
    (XNNPACK src/subgraph.c, `xnn_check_nchw_compatibility`); otherwise the .tflite runs dense,
    or computes wrong numbers on ARM. Unlike tfmot's policy this one asks for
    `keepdims=False`: LiteRT from 1.2 on computes or loads the other form wrongly.

    Example:
        >>> conv = layers.Conv2D(8, 1)
        >>> PruneForLatencyOnXNNPack().allow_pruning(conv)
        True
    """

    def allow_pruning(self, layer: Any) -> bool:
        """Return whether the layer is a 1x1 convolution with stride 1, one group, no dilation."""
        return isinstance(layer, layers.Conv2D) and (
            layer.kernel_size == (1, 1)
            and layer.strides == (1, 1)
            and layer.dilation_rate == (1, 1)
            and layer.groups == 1
        )

    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Raise PruneError with the first layer that breaks the cluster, and its fix."""
        calls = Calls(model)
        for tensor in model.inputs:
            sides = tensor.shape[1:3]
            if len(tensor.shape) == 4 and any(side is None or side % 32 for side in sides):
                raise _unsuited(
                    model,
                    f"its input is {tuple(sides)}: on an odd feature map the converter turns "
                    "padding 1 + 'valid' back into 'same', which has no sparse kernel",
                    "use an input whose height and width are multiples of 32",
                )
        entries = [op for op in calls.operations if is_entry(calls, op)]
        if not entries:
            raise _unsuited(
                model,
                "no Conv2D(3x3, strides=2, padding='valid') on 3 channels behind ZeroPadding2D(1)",
                "call tfprune.make_sparse_ready(model) first, or begin with ZeroPadding2D(1) and "
                "Conv2D(n, 3, strides=2) on 3 channels",
            )
        for entry in entries:
            _walk_to_exit(model, calls, entry)


def is_entry(calls: Calls, op: Any) -> bool:
    """Whether the operation can open a sparse cluster of XNNPACK."""
    return (
        isinstance(op, layers.Conv2D)
        and tuple(op.kernel.shape[:3]) == (3, 3, 3)
        and op.strides == (2, 2)
        and op.padding == "valid"
        and op.groups == 1
        and _explicit_padding(calls, op) == ((1, 1), (1, 1))
    )


def _walk_to_exit(model: Any, calls: Calls, entry: Any) -> None:
    waiting, seen = list(calls.consumers(entry)), set()
    if not waiting:
        raise _no_exit(model, entry)
    while waiting:
        op = waiting.pop()
        if id(op) in seen or (_is_pooling(op) and not op.keepdims):
            continue
        seen.add(id(op))
        reason = breaks_cluster(calls, op)
        if reason is not None:
            raise _unsuited(
                model,
                f"layer {op.name!r}: {reason}",
                "call tfprune.make_sparse_ready(model) first, or prune without this policy",
            )
        following = calls.consumers(op)
        if not following:
            raise _no_exit(model, op)
        waiting.extend(following)


def breaks_cluster(calls: Calls, op: Any) -> str | None:
    """Return why XNNPACK cannot run the operation inside a sparse cluster, None if it can."""
    if isinstance(op, layers.DepthwiseConv2D):
        return _activation(op) or _depthwise(calls, op)
    if isinstance(op, layers.Conv2D):
        if PruneForLatencyOnXNNPack().allow_pruning(op):
            return _activation(op)
        what = f"{op.kernel_size} convolution, stride {op.strides}, {op.groups} group(s)"
        return f"a {what}; only 1x1 with stride 1 and one group is sparse"
    if isinstance(op, layers.BatchNormalization):
        last = op.axis in (-1, 3)
        return None if last else "BatchNormalization must normalize the last axis"
    if isinstance(op, layers.Activation):
        return _activation(op)
    if isinstance(op, layers.UpSampling2D):
        return None if op.interpolation == "bilinear" else "only bilinear resizing is supported"
    if isinstance(op, _FREE) or _is_pooling(op) or _is_free_op(calls, op):
        return None
    return f"{type(op).__name__} has no kernel for the sparse layout"


def _activation(op: Any) -> str | None:
    name = getattr(op.activation, "__name__", str(op.activation))
    return None if name in _ACTIVATIONS else f"activation {name!r} has no sparse-layout kernel"


def _is_free_op(calls: Calls, op: Any) -> bool:
    """Whether an operation of keras.ops has a kernel: a sum or product only of two maps."""
    name = op_name(op)
    two_maps = name in ("Add", "Multiply") and len(calls.producers(op)) == 2
    return two_maps or name in _FREE_OPS


def _depthwise(calls: Calls, op: Any) -> str | None:
    if op.depth_multiplier != 1 or op.dilation_rate != (1, 1):
        return "a depthwise convolution needs depth_multiplier=1 and no dilation"
    if op.kernel_size not in ((3, 3), (5, 5)):
        return f"a depthwise kernel must be 3x3 or 5x5, not {op.kernel_size}"
    reach = op.kernel_size[0] // 2
    if op.padding == "same" and op.strides == (1, 1):
        return None
    if op.strides not in ((1, 1), (2, 2)):
        return f"a depthwise convolution has stride 1 or 2, not {op.strides}"
    if op.padding == "same":
        return f"'same' at stride 2 pads unevenly: use ZeroPadding2D({reach}) and padding='valid'"
    if _explicit_padding(calls, op) != ((reach, reach), (reach, reach)):
        return f"put ZeroPadding2D({reach}) before it"
    return None


def _explicit_padding(calls: Calls, op: Any) -> Any:
    producers = calls.producers(op)
    if not producers or not all(isinstance(p, layers.ZeroPadding2D) for p in producers):
        return None
    paddings = {producer.padding for producer in producers}
    return paddings.pop() if len(paddings) == 1 else None


def _is_pooling(op: Any) -> bool:
    return isinstance(op, layers.GlobalAveragePooling2D)


def _no_exit(model: Any, op: Any) -> PruneError:
    return _unsuited(
        model,
        f"the path through {op.name!r} does not end in GlobalAveragePooling2D(keepdims=False)",
        "end with GlobalAveragePooling2D() and Dense layers",
    )


def _unsuited(model: Any, found: str, fix: str) -> PruneError:
    return PruneError(f"prune {model.name!r} for sparse inference with XNNPACK", found, fix)
