"""How much each unit is worth: weights, gradients or activations → one score per unit.

A group holds the units (channels, neurons, heads) that can only be removed together with their
slices in all members of the group; a criterion gives each unit one score, higher = worth keeping.
`Criterion` says what a criterion is; `as_criterion` also takes a name or a function.
"""

from tfprune.criteria.activations import Activation
from tfprune.criteria.criterion import Criterion
from tfprune.criteria.filters import FPGM, LAMP, Magnitude
from tfprune.criteria.gradients import Fisher, Taylor
from tfprune.criteria.naming import as_criterion
from tfprune.criteria.relevance import Relevance
from tfprune.criteria.scales import BatchNormScale, Random

__all__ = [
    "FPGM",
    "LAMP",
    "Activation",
    "BatchNormScale",
    "Criterion",
    "Fisher",
    "Magnitude",
    "Random",
    "Relevance",
    "Taylor",
    "as_criterion",
]
