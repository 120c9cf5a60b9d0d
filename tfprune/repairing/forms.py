"""forms_of: the forms of a layer's kernels."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.repairing.convolutions import (
    Convolution,
    Depthwise,
    SeparableFirst,
    SeparableSecond,
    Transposed,
)
from tfprune.repairing.form import Form
from tfprune.repairing.products import EinsumForm, Recurrent

layers = keras.layers

_FORMS: dict[Any, tuple[type[Form], ...]] = {
    layers.Dense: (Form,),
    layers.EinsumDense: (EinsumForm,),
    layers.Conv1D: (Convolution,),
    layers.Conv2D: (Convolution,),
    layers.Conv3D: (Convolution,),
    layers.Conv1DTranspose: (Transposed,),
    layers.Conv2DTranspose: (Transposed,),
    layers.Conv3DTranspose: (Transposed,),
    layers.DepthwiseConv1D: (Depthwise,),
    layers.DepthwiseConv2D: (Depthwise,),
    layers.SeparableConv1D: (SeparableFirst, SeparableSecond),
    layers.SeparableConv2D: (SeparableFirst, SeparableSecond),
    layers.SimpleRNN: (Recurrent,),
    layers.LSTM: (Recurrent,),
    layers.GRU: (Recurrent,),
}


def forms_of(layer: Any) -> list[Form]:
    """Return the forms of a layer's own kernels, in the order in which data meets them.

    Empty for a layer that is not known, or that has a `call` of its own.

    Example:
        >>> layer = keras.layers.SeparableConv1D(2, 3)
        >>> layer.build((None, 8, 4))
        >>> [form.variable.name for form in forms_of(layer)]
        ['depthwise_kernel', 'pointwise_kernel']
    """
    kind: Any = next((kind for kind in type(layer).__mro__ if kind in _FORMS), None)
    if kind is None or not layer.built or type(layer).call is not kind.call:
        return []
    forms = [form(layer, kind) for form in _FORMS[kind]]
    return [form for form in forms if not isinstance(form, EinsumForm) or form.regular]
