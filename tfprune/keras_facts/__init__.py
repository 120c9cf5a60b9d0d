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
    MIXING_FUNCTIONS,
    NEVER_NEGATIVE_FUNCTIONS,
    PASS_THROUGH,
    activation_name,
    activation_of,
    has_methods,
    holds_own_function,
    is_elementwise,
    op_name,
)
from tfprune.keras_facts.origins import (
    SCALED_SUM,
    changes_keras_layer,
    class_path,
    is_keras_layer,
    is_tf_keras,
    package_of,
    part_of_keras,
)

__all__ = [
    "ELEMENTWISE_FUNCTIONS",
    "ELEMENTWISE_LAYERS",
    "ELEMENTWISE_OPS",
    "JOINING_LAYERS",
    "JOINING_OPS",
    "MIXING_FUNCTIONS",
    "NEVER_NEGATIVE_FUNCTIONS",
    "PASS_THROUGH",
    "SCALED_SUM",
    "Axes",
    "Einsum",
    "Kernel",
    "KnownKernels",
    "PrunableLayer",
    "activation_name",
    "activation_of",
    "changes_keras_layer",
    "class_path",
    "has_methods",
    "holds_own_function",
    "is_array",
    "is_elementwise",
    "is_keras_layer",
    "is_known",
    "is_tf_keras",
    "kernels_of",
    "may_have_kernels",
    "op_name",
    "package_of",
    "part_of_keras",
    "sublayers",
]
