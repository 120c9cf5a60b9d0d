"""Zeros shared out over kernels: one sparsity for each, from one for all or from a total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import InfeasibleError, PruneError, near

ALLOCATIONS = ("uniform", "erdos_renyi", "global")
TOTALS = ("params", "macs", "bytes")
_HALVINGS = 30
_NOISE = 1e-6
Array = NDArray[np.float64]


@dataclass(frozen=True)
class KernelAllocation:
    """How zeros are shared out over kernels, and up to which total.

    "uniform" makes the same share of each kernel zero. "erdos_renyi" leaves small kernels denser:
    a kernel of axes n₁, n₂, … keeps min(1, ε · (n₁ + n₂ + …) / (n₁ · n₂ · …)) of its weights, with
    one ε for all (Erdős-Rényi-kernel: Evci et al., "Rigging the Lottery: Making All Tickets
    Winners", 2020, arXiv:1911.11134, section 3.1; for a dense layer it is the Erdős-Rényi of Mocanu
    et al., 2018, arXiv:1707.04780). "global" puts one threshold through the scores that all
    kernels have now, together: what lies below it is the share that becomes zero in each (Han et
    al. 2015; Frankle & Carbin 2019, arXiv:1803.03635, section 4).

    Args:
        by: "uniform", "erdos_renyi" or "global".
        of: What a total counts: "params", the weights that are not zero and all other parameters;
            "macs", the multiply-accumulates with weights that are not zero; "bytes", those of the
            float32 weights in a .tflite whose kernels are stored sparse where that is smaller.
        at_most: The total that is not exceeded; None for the sparsity that the schedule says, as
            the share of zeros over all these kernels together.

    Raises:
        PruneError: there is no such allocation or total, or one of the last two is missing.

    Example:
        >>> KernelAllocation("erdos_renyi", of="macs", at_most=2e6).describe()
        'erdos_renyi, at most 2,000,000 macs'
    """

    by: str = "uniform"
    of: str | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.by not in ALLOCATIONS:
            fix = f"use one of: {near(str(self.by), ALLOCATIONS)}"
            raise PruneError(f"allocation={self.by!r}", "there is no such allocation", fix)
        if (self.of is None) != (self.at_most is None) or (self.of and self.of not in TOTALS):
            raise PruneError(
                f"KernelAllocation(of={self.of!r}, at_most={self.at_most!r})",
                "a total has a number and says what it counts",
                f"give both, of= one of {', '.join(TOTALS)}; or neither",
            )

    def describe(self) -> str:
        """Return it in a few words."""
        return self.by if self.of is None else f"{self.by}, at most {self.at_most:,.0f} {self.of}"


@dataclass(frozen=True, eq=False)
class KernelWeights:
    """What an allocation asks of a kernel: its name, its axes, and what its weights are worth now.

    Scores may be of blocks; each then stands for as many weights as any other of the kernel.
    """

    name: str
    shape: tuple[int, ...]
    scores: np.ndarray

    @property
    def size(self) -> int:
        """How many weights it has."""
        return int(np.prod(self.shape))

    @property
    def units(self) -> int:
        """How many weights or blocks of them are decided."""
        return int(self.scores.size)


def sparsities(
    allocation: KernelAllocation,
    kernels: Sequence[KernelWeights],
    sparsity: float,
    cost: Callable[[Array], float] | None = None,
) -> list[float]:
    """Return the share of zeros of each kernel.

    Args:
        allocation: How they are shared out.
        kernels: At least one.
        sparsity: The share of zeros over all of them, where the allocation has no total.
        cost: The share of each kernel's weights that stays → the total; it falls with them.

    Raises:
        InfeasibleError: with one weight left in each kernel the total is exceeded; it tells the
            least.

    Example:
        >>> wide = KernelWeights("wide", (16, 16), np.ones(256))
        >>> thin = KernelWeights("thin", (16, 4), np.ones(64))
        >>> sparsities(KernelAllocation("erdos_renyi"), [wide, thin], 0.75)
        [0.8076923076923077, 0.5192307692307692]
        >>> sparsities(KernelAllocation("uniform", of="params", at_most=80), [wide, thin], 0.0,
        ...            cost=lambda stays: float(stays @ [256, 64]))
        [0.75, 0.75]
    """
    sizes = np.array([kernel.size for kernel in kernels], float)
    units = np.array([kernel.units for kernel in kernels], float)
    share = _SHARES[allocation.by](kernels, sizes)
    if allocation.at_most is None or cost is None:
        return _zeros(np.maximum(share(1.0 - sparsity), 1 / units))

    def whole(stays: float) -> Array:
        return np.maximum(np.floor(share(stays) * units + _NOISE), 1) / units

    low, high = 0.0, 1.0
    if cost(whole(high)) <= allocation.at_most:
        return _zeros(whole(high))
    least = cost(whole(low))
    if least > allocation.at_most:
        raise InfeasibleError(
            f"share zeros out by {allocation.describe()}",
            f"{least:,.0f} {allocation.of} is the least, with one weight in each kernel",
            "raise at_most, or let more kernels take part",
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = cost(whole(middle)) <= allocation.at_most
        low, high = (middle, high) if fits else (low, middle)
    return _zeros(whole(low))


def _zeros(stays: Array) -> list[float]:
    return [float(zeros) for zeros in 1.0 - np.minimum(stays, 1.0)]


def _uniform(kernels: Sequence[KernelWeights], sizes: Array) -> Callable[[float], Array]:
    return lambda stays: np.full(len(sizes), stays)


def _erdos_renyi(kernels: Sequence[KernelWeights], sizes: Array) -> Callable[[float], Array]:
    axes = np.array([sum(kernel.shape) for kernel in kernels], float)  # weights kept at ε = 1

    def share(stays: float) -> Array:
        wanted, full = stays * sizes.sum(), np.zeros(len(sizes), bool)
        while not full.all():
            epsilon = (wanted - sizes[full].sum()) / axes[~full].sum()
            more = ~full & (epsilon * axes > sizes)
            if not more.any():
                return np.where(full, 1.0, epsilon * axes / sizes)
            full |= more
        return np.ones(len(sizes))

    return share


def _global(kernels: Sequence[KernelWeights], sizes: Array) -> Callable[[float], Array]:
    owner = np.concatenate([np.full(k.scores.size, i) for i, k in enumerate(kernels)])
    each = np.concatenate([np.full(k.scores.size, k.size / k.scores.size) for k in kernels])
    order = np.argsort(-np.concatenate([k.scores.ravel() for k in kernels]), kind="stable")
    owner, each = owner[order], each[order]
    total = np.cumsum(each)

    def share(stays: float) -> Array:
        count = int(np.searchsorted(total, stays * sizes.sum() + 1e-6, side="right"))
        kept = np.bincount(owner[:count], weights=each[:count], minlength=len(sizes))
        return np.asarray(kept / sizes, float)

    return share


_SHARES = {"uniform": _uniform, "erdos_renyi": _erdos_renyi, "global": _global}
