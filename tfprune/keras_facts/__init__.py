"""Facts about Keras' layers and operations that every room needs, written once.

What each room makes of them (where a channel goes, what is rounded, what is counted) stays there.
"""

from tfprune.keras_facts.einsum import Einsum
from tfprune.keras_facts.kernels import (
    Axes,
    Kernel,
    KnownKernels,
    PrunableLayer,
    is_array,
    is_known,
    kernels_of,
    may_have_kernels,
    sublayers,
)
from tfprune.keras_facts.kinds import (
    ELEMENTWISE_FUNCTIONS,
    ELEMENTWISE_LAYERS,
    ELEMENTWISE_OPS,
    JOINING_LAYERS,
    JOINING_OPS,
    PASS_THROUGH,
    has_methods,
    is_elementwise,
    is_keras_layer,
    op_name,
)

__all__ = [
    "ELEMENTWISE_FUNCTIONS",
    "ELEMENTWISE_LAYERS",
    "ELEMENTWISE_OPS",
    "JOINING_LAYERS",
    "JOINING_OPS",
    "PASS_THROUGH",
    "Axes",
    "Einsum",
    "Kernel",
    "KnownKernels",
    "PrunableLayer",
    "has_methods",
    "is_array",
    "is_elementwise",
    "is_keras_layer",
    "is_known",
    "kernels_of",
    "may_have_kernels",
    "op_name",
    "sublayers",
]
