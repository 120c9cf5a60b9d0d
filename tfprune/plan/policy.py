"""Which layers take part in pruning, as an object: tfmot's protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class PruningPolicy(ABC):
    """Says which layers are pruned and whether a model suits the purpose (tfmot's protocol)."""

    @abstractmethod
    def allow_pruning(self, layer: Any) -> bool:
        """Return whether kernels of this layer are pruned."""

    @abstractmethod
    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Raise PruneError if pruning this model would not serve the purpose."""
