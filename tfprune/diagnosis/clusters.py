"""Which values XNNPACK turns channels-first: its rewrite for sparse inference, step by step.

Source: XNNPACK src/subgraph.c, xnn_subgraph_rewrite_for_nchw. Clusters are found by giving all
connected nodes one leader, the last node of them; a cluster is rewritten if none of its nodes
reads from, or shares a value with, a node that can't be in it, and if more than 2/3 of its 1x1
weights are zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tfprune.diagnosis.compatibility import Ability, Layout, ability, is_pointwise
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.nodes import Node
from tfprune.runtimes import SPARSE_ZEROS


@dataclass(frozen=True)
class Obstacle:
    """Why a cluster is not rewritten.

    Args:
        node: The index of the node that can't be in it.
        rule: The rule it breaks.
        found: What it has instead.
    """

    node: int
    rule: str
    found: str


@dataclass(frozen=True)
class Cluster:
    """Connected nodes that could compute channels-first.

    Args:
        nodes: Their indices.
        zeros: The zeros among their 1x1 weights.
        weights: How many 1x1 weights they have.
        obstacle: What keeps them from being rewritten, None if nothing but the zeros could.
    """

    nodes: tuple[int, ...]
    zeros: int
    weights: int
    obstacle: Obstacle | None

    @property
    def sparse_enough(self) -> bool:
        """Whether more than 2/3 of the weights are zero."""
        top, bottom = SPARSE_ZEROS
        return self.zeros * bottom > self.weights * top


class Rewrite:
    """The rewrite of one part of a graph.

    Args:
        view: The graph.
        nodes: The part's nodes, in order.
        outside: Tensors of the part that are read outside of it, or are outputs of the model.
        forgiving: Whether to take uneven padding for even, and all weights for zero: to see what
            else stands in the way.

    Attributes:
        abilities: What each node can do.
        obstacles: Why a node is in no cluster that can be rewritten, by its index.
        clusters: All clusters, rewritten or not.
        first: The values that become channels-first.
    """

    def __init__(
        self,
        view: GraphView,
        nodes: Sequence[Node],
        outside: set[int],
        forgiving: bool = False,
    ) -> None:
        self.view, self.nodes, self.outside, self._forgiving = view, nodes, outside, forgiving
        self.abilities: list[Ability] = [ability(view, node) for node in nodes]
        if forgiving:
            self.abilities = list(map(_evenly_padded, self.abilities, nodes))
        self._layouts = [a.layout for a in self.abilities]
        self._leaders = list(range(len(nodes)))
        self.obstacles: dict[int, Obstacle] = {}
        self._producers = {i: n for n, node in enumerate(nodes) for i in node.outputs}
        self.clusters: tuple[Cluster, ...] = ()
        self.first: set[int] = set()
        if self._spread(Layout.EXIT):
            while self._spread(Layout.EXIT | Layout.INSIDE):
                pass
            self._raise_to_leaders()
            self._check_readers()
            self.clusters = tuple(self._gather())
            self.first = self._switch()

    def _spread(self, kinds: Layout) -> bool:
        """Give each node of these kinds and the nodes it reads from one leader; true if any did."""
        changed = False
        for n in range(len(self.nodes)):
            if self._layouts[n] & kinds and n not in self.obstacles:
                for i in self.view_inputs(n):
                    changed |= self._join(n, i)
        return changed

    def view_inputs(self, n: int) -> list[int]:
        """Return the values that a node reads and that are no constants."""
        return [i for i in self.nodes[n].inputs if self.view.constant(i) is None]

    def _join(self, n: int, value: int) -> bool:
        producer = self._producers.get(value)
        if producer is None or value in self.outside:
            found = "reads a value from outside of XNNPACK"
            if value in self.outside:
                found = "reads an output of the model"
            self.obstacles[n] = Obstacle(n, "exit" if value in self.outside else "entry", found)
            return False
        usable = self._layouts[producer] & (Layout.ENTRY | Layout.INSIDE)
        if not usable or producer in self.obstacles:
            self.obstacles[n] = self.obstacles.get(producer) or self._unable(producer)
            return False
        self._layouts[producer] &= ~Layout.EXIT
        leader = max(self._leaders[producer], self._leaders[n])
        changed = self._leaders[producer] != self._leaders[n]
        self._leaders[producer] = self._leaders[n] = leader
        return changed

    def _unable(self, n: int) -> Obstacle:
        found = self.abilities[n]
        return Obstacle(n, found.rule or "exit", found.found or "ends a cluster before this one")

    def _raise_to_leaders(self) -> None:
        for n, leader in enumerate(self._leaders):
            if n in self.obstacles:
                self.obstacles.setdefault(leader, self.obstacles[n])

    def _live(self) -> list[int]:
        """Return the nodes that read channels-first if their cluster is rewritten."""
        kinds = Layout.EXIT | Layout.INSIDE
        return [
            n
            for n in range(len(self.nodes))
            if self._leaders[n] not in self.obstacles and self._layouts[n] & kinds
        ]

    def _check_readers(self) -> None:
        live = self._live()
        readers = Counter(i for node in self.nodes for i in set(node.inputs))
        # Counted like XNNPACK does: a node that reads a value twice counts twice here, once there.
        inside = Counter(i for n in live for i in self.view_inputs(n))
        for n in live:
            for value in self.view_inputs(n):
                if inside[value] != readers[value] + (value in self.outside):
                    self.obstacles.setdefault(self._leaders[n], self._stranger(value, set(live)))

    def _stranger(self, value: int, live: set[int]) -> Obstacle:
        """Return which reader of a value can't read it channels-first."""
        for n, node in enumerate(self.nodes):
            if value in node.inputs and n not in live:
                return self.obstacles.get(n) or self._unable(n)
        return Obstacle(self._producers[value], "inside", "is read twice by one op")

    def _gather(self) -> list[Cluster]:
        members: dict[int, list[int]] = {}
        for n, leader in enumerate(self._leaders):
            if self.abilities[n].layout:
                members.setdefault(leader, []).append(n)
        return [self._cluster(leader, found) for leader, found in members.items()]

    def _cluster(self, leader: int, members: list[int]) -> Cluster:
        kernels = [
            self.view.constant(self.nodes[n].inputs[1])
            for n in members
            if is_pointwise(self.view, self.nodes[n])
        ]
        found = [kernel for kernel in kernels if kernel is not None]
        zeros, weights = sum(k.zeros() for k in found), sum(k.size for k in found)
        return Cluster(tuple(members), zeros, weights, self.obstacles.get(leader))

    def _switch(self) -> set[int]:
        enough = {n for c in self.clusters if c.sparse_enough or self._forgiving for n in c.nodes}
        return {i for n in self._live() if n in enough for i in self.view_inputs(n)}


def _evenly_padded(found: Ability, node: Node) -> Ability:
    if found.rule != "padding" or node.kind == "padding":
        return found
    return Ability(Layout.ENTRY if node.kind == "convolution" else Layout.INSIDE)
