"""How much is removed where: scores and a ratio → which units stay. Pure NumPy, no Keras."""

from tfprune.allocate.candidate import Allocation, Candidate, check_ratio, evenly
from tfprune.allocate.kernels import ALLOCATIONS, KernelAllocation, KernelWeights, sparsities
from tfprune.allocate.knapsack import WidthCosts, knapsack
from tfprune.allocate.share import SCOPES, Scope, allocate
from tfprune.allocate.target import allocate_to

__all__ = [
    "ALLOCATIONS",
    "SCOPES",
    "Allocation",
    "Candidate",
    "KernelAllocation",
    "KernelWeights",
    "Scope",
    "WidthCosts",
    "allocate",
    "allocate_to",
    "check_ratio",
    "evenly",
    "knapsack",
    "sparsities",
]
