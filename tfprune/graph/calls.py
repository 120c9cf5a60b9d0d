"""The calls of one model: which of them makes a tensor, and which read it."""

from __future__ import annotations

from typing import Any

from tfprune.graph.structure import functional, nodes_in_order
from tfprune.keras_facts import PASS_THROUGH, activation_of


class Calls:
    """The calls of one model in their order, inputs left out.

    Args:
        model: A Functional or built Sequential model; models nested in it are single calls.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU(name="act")])
        >>> [node.operation.name for node in Calls(model).nodes]
        ['act']
    """

    def __init__(self, model: Any) -> None:
        net = functional(model)
        self.nodes = [node for node in nodes_in_order(net) if not node.is_input]
        self.outputs = {id(tensor) for tensor in net.outputs}
        self._makers = {id(tensor): node for node in self.nodes for tensor in node.outputs}
        self._readers: dict[int, list[Any]] = {}
        for node in self.nodes:
            for tensor in node.input_tensors:
                self._readers.setdefault(id(tensor), []).append(node)

    def maker(self, tensor: Any) -> Any:
        """Return the call that makes a tensor, None for an input of the model."""
        return self._makers.get(id(tensor))

    def readers(self, tensor: Any) -> list[Any]:
        """Return the calls that read a tensor, once for each read."""
        return self._readers.get(id(tensor), [])

    def read_once(self, tensor: Any) -> bool:
        """Whether one call alone reads the tensor, and it is no output of the model."""
        return len(self.readers(tensor)) == 1 and id(tensor) not in self.outputs

    def origin(self, tensor: Any) -> Any:
        """Return the tensor that this one equals in inference: dropout passes it through."""
        while (node := self.maker(tensor)) is not None and _passes_through(node.operation):
            tensor = node.input_tensors[0]
        return tensor

    def of(self, operation: Any) -> list[Any]:
        """Return the calls of one operation."""
        return [node for node in self.nodes if node.operation is operation]

    def after(self, starts: list[Any]) -> set[int]:
        """Return the ids of these calls and of all that need what they make."""
        reached = {id(node) for node in starts}
        for node in self.nodes:
            makers = (self.maker(tensor) for tensor in node.input_tensors)
            if any(id(maker) in reached for maker in makers if maker is not None):
                reached.add(id(node))
        return reached

    def before(self, ends: list[Any]) -> set[int]:
        """Return the ids of these calls and of all that they need."""
        reached = {id(node) for node in ends}
        for node in reversed(self.nodes):
            if any(id(r) in reached for tensor in node.outputs for r in self.readers(tensor)):
                reached.add(id(node))
        return reached


def _passes_through(operation: Any) -> bool:
    return activation_of(operation) == "linear" or isinstance(operation, PASS_THROUGH)
