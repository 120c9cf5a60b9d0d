"""When masks are updated and how sparse they are: step → (is it an update step, sparsity).

Steps are counted as tfmot 0.8.1 counts them: step t is the t-th training batch, from 1, and its
mask is set before that batch is seen. A schedule that begins at step 0 with `frequency=100`
therefore sets its first mask at step 100. Schedules are frozen and pure: the same call runs on
Python integers and inside a compiled training step.
"""

from tfprune.schedules.regrowth import SET, Regrowth, RigL
from tfprune.schedules.schedule import PruningSchedule
from tfprune.schedules.sparsity import ConstantSparsity, PolynomialDecay

__all__ = [
    "SET",
    "ConstantSparsity",
    "PolynomialDecay",
    "PruningSchedule",
    "Regrowth",
    "RigL",
]
