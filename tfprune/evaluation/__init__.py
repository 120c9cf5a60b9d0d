"""How right a model is on labelled data: any Keras metric, of a .tflite file or a Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfprune._lazy import lazily

if TYPE_CHECKING:
    from tfprune.evaluation.classes import ClassRow as ClassRow
    from tfprune.evaluation.classes import wilson as wilson
    from tfprune.evaluation.evaluating import evaluate as evaluate
    from tfprune.evaluation.result import Evaluation as Evaluation

_PUBLIC = {
    "ClassRow": "classes",
    "Evaluation": "result",
    "evaluate": "evaluating",
    "wilson": "classes",
}

__all__ = list(_PUBLIC)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__, _PUBLIC)
