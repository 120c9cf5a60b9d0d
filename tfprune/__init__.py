"""tfprune: from a Keras 3 model to a smaller, faster, verified .tflite.

Every public name is loaded when it is first used, so `import tfprune` does not import TensorFlow.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from tfprune import _keras_classes
from tfprune._version import __version__

if TYPE_CHECKING:  # what type checkers and editors know; a test holds it against `_PUBLIC`
    from tfprune import android as android
    from tfprune import criteria as criteria
    from tfprune import rewriting as rewriting
    from tfprune.ablation import quantization_errors as quantization_errors
    from tfprune.advising import advise as advise
    from tfprune.bench import count_instructions as count_instructions
    from tfprune.bench.benchmark import benchmark as benchmark
    from tfprune.comparing import report as report
    from tfprune.compressing import compress as compress
    from tfprune.depth import plan_layers as plan_layers
    from tfprune.depth import prune_layers as prune_layers
    from tfprune.errors import PruneError as PruneError
    from tfprune.errors import PruneWarning as PruneWarning
    from tfprune.errors import VerificationError as VerificationError
    from tfprune.evaluation import evaluate as evaluate
    from tfprune.export import convert as convert
    from tfprune.export import doctor as doctor
    from tfprune.inspection import inspect as inspect
    from tfprune.masks import PrunableLayer as PrunableLayer
    from tfprune.masks import PruningOptimizer as PruningOptimizer
    from tfprune.masks import PruningSummaries as PruningSummaries
    from tfprune.masks import UpdatePruningStep as UpdatePruningStep
    from tfprune.masks import prune_low_magnitude as prune_low_magnitude
    from tfprune.masks import prune_scope as prune_scope
    from tfprune.masks import strip_pruning as strip_pruning
    from tfprune.one_shot import prune_once as prune_once
    from tfprune.patterns import NM as NM
    from tfprune.patterns import Block as Block
    from tfprune.plan import PruningPolicy as PruningPolicy
    from tfprune.plan import Rule as Rule
    from tfprune.plan import plan_pruning as plan_pruning
    from tfprune.quantization import quantize_model as quantize_model
    from tfprune.readiness import PruneForLatencyOnXNNPack as PruneForLatencyOnXNNPack
    from tfprune.repairing.recalibrate import recalibrate as recalibrate
    from tfprune.rewriting import make_sparse_ready as make_sparse_ready
    from tfprune.schedules import ConstantSparsity as ConstantSparsity
    from tfprune.schedules import PolynomialDecay as PolynomialDecay
    from tfprune.schedules import PruningSchedule as PruningSchedule
    from tfprune.search import latency_table as latency_table
    from tfprune.search import sensitivity as sensitivity
    from tfprune.surgery import plan_structured as plan_structured
    from tfprune.surgery import prune_structured as prune_structured
    from tfprune.surgery import repair as repair
    from tfprune.sweeping import sweep as sweep
    from tfprune.training import Distilled as Distilled
    from tfprune.training import find_ticket as find_ticket
    from tfprune.verification import golden_sample as golden_sample
    from tfprune.verification.verify import verify as verify

_PUBLIC = {
    "PruneError": "tfprune.errors",
    "PruneWarning": "tfprune.errors",
    "VerificationError": "tfprune.errors",
    "convert": "tfprune.export",
    "inspect": "tfprune.inspection",
    "doctor": "tfprune.export",
    "verify": "tfprune.verification",
    "benchmark": "tfprune.bench",
    "count_instructions": "tfprune.bench",
    "quantization_errors": "tfprune.ablation",
    "golden_sample": "tfprune.verification",
    "evaluate": "tfprune.evaluation",
    "report": "tfprune.comparing",
    "compress": "tfprune.compressing",
    "advise": "tfprune.advising",
    "sweep": "tfprune.sweeping",
    "plan_structured": "tfprune.surgery",
    "sensitivity": "tfprune.search",
    "latency_table": "tfprune.search",
    "prune_structured": "tfprune.surgery",
    "plan_layers": "tfprune.depth",
    "prune_layers": "tfprune.depth",
    "recalibrate": "tfprune.repairing",
    "repair": "tfprune.surgery",
    "make_sparse_ready": "tfprune.rewriting",
    "prune_low_magnitude": "tfprune.masks",
    "prune_once": "tfprune.one_shot",
    "plan_pruning": "tfprune.plan",
    "prune_scope": "tfprune.masks",
    "PrunableLayer": "tfprune.masks",
    "strip_pruning": "tfprune.masks",
    "UpdatePruningStep": "tfprune.masks",
    "PruningSummaries": "tfprune.masks",
    "PruningOptimizer": "tfprune.masks",
    "quantize_model": "tfprune.quantization",
    "Distilled": "tfprune.training",
    "find_ticket": "tfprune.training",
    "PolynomialDecay": "tfprune.schedules",
    "ConstantSparsity": "tfprune.schedules",
    "PruningSchedule": "tfprune.schedules",
    "Block": "tfprune.patterns",
    "NM": "tfprune.patterns",
    "Rule": "tfprune.plan",
    "PruneForLatencyOnXNNPack": "tfprune.readiness",
    "PruningPolicy": "tfprune.plan",
}

__all__ = ["__version__", "criteria", *_PUBLIC]

if not TYPE_CHECKING:  # a checker that saw this would believe in every name

    def __getattr__(name: str) -> object:
        if name in _PUBLIC:
            value = getattr(importlib.import_module(_PUBLIC[name]), name)
        elif name in {room.name for room in pkgutil.iter_modules(__path__)}:
            value = importlib.import_module(f"tfprune.{name}")
        else:
            from tfprune.errors import near

            raise AttributeError(
                f"module 'tfprune' has no attribute {name!r}; it has {near(name, __all__)}"
            )
        if not _keras_classes.within_a_room():  # half-imported, it would not be found
            _keras_classes.know()
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__


_keras_classes.follow()
