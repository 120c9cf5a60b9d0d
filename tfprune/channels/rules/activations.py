"""Which activations act on each unit alone."""

from __future__ import annotations

from typing import Any

from tfprune.channels.call import Call
from tfprune.channels.units import Ids

ELEMENTWISE = frozenset(
    [
        "celu",
        "elu",
        "exponential",
        "gelu",
        "hard_shrink",
        "hard_sigmoid",
        "hard_silu",
        "hard_swish",
        "hard_tanh",
        "leaky_relu",
        "linear",
        "log_sigmoid",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "soft_shrink",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "squareplus",
        "swish",
        "tanh",
        "tanh_shrink",
        "threshold",
    ]
)


def check_activation(call: Call, function: Any, units: Ids | None) -> None:
    """Keep the units of a layer whose activation mixes them, or may do so."""
    if function is None or units is None:
        return
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", "")
    known = name in ELEMENTWISE and module.partition(".")[0] in ("keras", "tensorflow")
    elementwise_layer = module.startswith("keras.") and name.lower() in {"relu", "leakyrelu", "elu"}
    if not (known or elementwise_layer):
        call.keep(units, f"the activation {name} of {call.name} may mix channels")
