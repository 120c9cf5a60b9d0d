"""Surgery: a smaller plain Keras model without the channels and heads that matter least."""

from tfprune.surgery.matching import repair
from tfprune.surgery.pruning import prune_structured
from tfprune.surgery.structured import plan_structured
from tfprune.surgery.structured_plan import GroupRow, Size, StructuredPlan
from tfprune.surgery.vocabulary import CutVocabulary, cut_vocabulary

__all__ = [
    "CutVocabulary",
    "GroupRow",
    "Size",
    "StructuredPlan",
    "cut_vocabulary",
    "plan_structured",
    "prune_structured",
    "repair",
]
