"""A Keras model as a graph: who feeds whom, and replaying it with other operations."""

from tfprune.graph.clones import Clones, clone_layer
from tfprune.graph.replay import replay
from tfprune.graph.structure import Graph, is_graph

__all__ = ["Clones", "Graph", "clone_layer", "is_graph", "replay"]
