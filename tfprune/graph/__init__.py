"""A Keras model as a graph: who feeds whom, and replaying it with other operations."""

from tfprune.graph.answers import OutputMeaning, answers_of
from tfprune.graph.calls import Calls
from tfprune.graph.clones import Clones, clone_layer, own_functions
from tfprune.graph.compiling import compiled_as, own_training
from tfprune.graph.model_inputs import inputs_of, outputs_of, packed
from tfprune.graph.replay import replay
from tfprune.graph.structure import (
    check_built,
    check_rewired,
    functional,
    interpret,
    is_graph,
    nets,
    nodes_in_order,
    on_same_layers,
    values_read,
)
from tfprune.graph.unfold import unfold
from tfprune.graph.unwrapping import unwrapped
from tfprune.graph.values import tensor_of, values_of
from tfprune.graph.watching import run_watched

__all__ = [
    "Calls",
    "Clones",
    "OutputMeaning",
    "answers_of",
    "check_built",
    "check_rewired",
    "clone_layer",
    "compiled_as",
    "functional",
    "inputs_of",
    "interpret",
    "is_graph",
    "nets",
    "nodes_in_order",
    "on_same_layers",
    "outputs_of",
    "own_functions",
    "own_training",
    "packed",
    "replay",
    "run_watched",
    "tensor_of",
    "unfold",
    "unwrapped",
    "values_of",
    "values_read",
]
