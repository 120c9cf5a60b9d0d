"""A Keras model as a graph: who feeds whom, and replaying it with other operations."""

from tfprune.graph.replay import Clones, clone_layer, replay
from tfprune.graph.structure import Graph, is_graph

__all__ = ["Clones", "Graph", "clone_layer", "is_graph", "replay"]
