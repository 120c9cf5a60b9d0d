"""Surgery: a smaller plain Keras model without the channels, heads or layers that matter least."""

from tfprune.surgery.depth import LayerPlan, plan_layers, prune_layers
from tfprune.surgery.pruning import prune_structured
from tfprune.surgery.recalibrate import recalibrate
from tfprune.surgery.structured import plan_structured
from tfprune.surgery.structured_plan import GroupRow, Size, StructuredPlan

__all__ = [
    "GroupRow",
    "LayerPlan",
    "Size",
    "StructuredPlan",
    "plan_layers",
    "plan_structured",
    "prune_layers",
    "prune_structured",
    "recalibrate",
]
