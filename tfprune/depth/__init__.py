"""Depth: a smaller plain Keras model without the residual blocks and layers that matter least."""

from tfprune.depth.layer_plan import LayerPlan, LayerRow
from tfprune.depth.planning import plan_layers, prune_layers

__all__ = ["LayerPlan", "LayerRow", "plan_layers", "prune_layers"]
