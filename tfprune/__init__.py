"""tfprune: from a Keras 3 model to a smaller, faster, verified .tflite.

Every public name is loaded when it is first used, so `import tfprune` does not import TensorFlow.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tfprune._version import __version__

_PUBLIC = {
    "PruneError": "tfprune.errors",
    "convert": "tfprune.export",
    "inspect": "tfprune.inspection",
    "doctor": "tfprune.export",
    "verify": "tfprune.verification",
    "benchmark": "tfprune.bench",
    "quantization_errors": "tfprune.ablation",
    "report": "tfprune.reports",
    "plan_structured": "tfprune.surgery",
    "prune_structured": "tfprune.surgery",
    "prune_layers": "tfprune.surgery",
    "recalibrate": "tfprune.surgery",
    "criteria": "tfprune",
    "make_sparse_ready": "tfprune.rewriting",
    "prune_low_magnitude": "tfprune.masks",
    "plan_pruning": "tfprune.plan",
    "prune_scope": "tfprune.masks",
    "strip_pruning": "tfprune.masks",
    "UpdatePruningStep": "tfprune.masks",
    "PruningSummaries": "tfprune.masks",
    "PruningOptimizer": "tfprune.masks",
    "quantize_model": "tfprune.quantization",
    "PolynomialDecay": "tfprune.schedules",
    "ConstantSparsity": "tfprune.schedules",
    "Block": "tfprune.patterns",
    "NM": "tfprune.patterns",
    "Rule": "tfprune.plan",
    "PruneForLatencyOnXNNPack": "tfprune.plan",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tfprune' has no attribute {name!r}")
    home = _PUBLIC[name]
    if home == "tfprune":
        value = importlib.import_module(f"tfprune.{name}")
    else:
        value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


if "keras" in sys.modules:
    # Keras can load a half-trained model, one with smaller composite layers or one that knows its
    # int8 ranges only if it knows the classes in it.
    importlib.import_module("tfprune.masks")
    importlib.import_module("tfprune.surgery")
    importlib.import_module("tfprune.quantization")
