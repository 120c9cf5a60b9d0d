"""Pooling, padding, cropping, resizing: the other axes change, the channels stay."""

from __future__ import annotations

import keras

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow

layers = keras.layers


def channels_pass(call: Call) -> Flow:
    """The channel axis stays, units along any other axis are kept whole."""
    axis = 1 if getattr(call.layer, "data_format", None) == "channels_first" else -1
    call.keep_others(axis)
    return call.flow({axis: call.input[axis]})


def global_pooling(call: Call) -> Flow:
    """All axes but batch and channels are pooled away, or left with length 1."""
    axis = 1 if call.layer.data_format == "channels_first" else -1
    call.keep_others(axis)
    kept = axis if call.layer.keepdims else 1
    return call.flow({kept: call.input[axis]})


_SIZES = ("1D", "2D", "3D")


def _all(*names: str) -> list[type]:
    kinds = (getattr(layers, name + size, None) for name in names for size in _SIZES)
    return [kind for kind in kinds if kind is not None]


RULES = {
    **dict.fromkeys(
        _all(
            "MaxPooling",
            "AveragePooling",
            "AdaptiveMaxPooling",
            "AdaptiveAveragePooling",
            "UpSampling",
            "ZeroPadding",
            "Cropping",
        ),
        channels_pass,
    ),
    layers.Resizing: channels_pass,
    layers.CenterCrop: channels_pass,
    **dict.fromkeys(_all("GlobalMaxPooling", "GlobalAveragePooling"), global_pooling),
}
