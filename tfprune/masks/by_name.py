"""What an optimizer takes for a kernel: it sees variables and their names, not layers."""

from __future__ import annotations

from typing import Any

from tfprune.keras_facts import Kernel

KERNEL_NAMES = frozenset({"kernel", "recurrent_kernel", "pointwise_kernel", "embeddings"})


def is_kernel(variable: Any) -> bool:
    """Whether a variable is named as kernels are."""
    return variable.name in KERNEL_NAMES and len(variable.shape) > 1


def kernel_of(variable: Any) -> Kernel:
    """Return a variable as a kernel whose last axes are those of inputs and outputs."""
    rank = len(variable.shape)
    ins, outs = ((rank - 2,), (rank - 1,)) if rank > 1 else ((), (0,))
    return Kernel(name=variable.path, layer=None, variable=variable, in_axes=ins, out_axes=outs)


def looks_depthwise(kernel: Kernel) -> bool:
    """Whether a kernel has the shape of a depthwise one."""
    return len(kernel.shape) > 2 and kernel.shape[-1] == 1 and kernel.shape[-2] > 1
