"""What a demo run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfprune.errors import PruneError


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """The demo's settings; the defaults take about three minutes on 2 cores.

    Args:
        epochs: Epochs that train the dense baseline.
        pruning_epochs: Epochs that train on while the masks grow, and then with full masks.
        sparsity: Share of zeros that the pruned kernels end with.
        width: Multiplies every layer's channels.
        digits: How many of the 5,000 digits to use, a multiple of 50; a fifth is held out.
        batch_size: Samples in a training step.
        runs: Timed inferences of each file.
        seed: Of the split, the weights and the shuffling.
        compress: Whether `tfprune.compress` then halves the work of the dense model.

    Raises:
        PruneError: a value is out of range.
    """

    epochs: int = 8
    pruning_epochs: int = 8
    sparsity: float = 0.8
    width: float = 1.0
    digits: int = 5000
    batch_size: int = 64
    runs: int = 200
    seed: int = 0
    compress: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "pruning_epochs", "batch_size", "runs"):
            if getattr(self, name) < 1:
                raise _wrong(self, name, "it must be at least 1", f"{name}=1")
        if not 0 <= self.sparsity < 1:
            raise _wrong(self, "sparsity", "a share of zeros is in [0, 1)", "sparsity=0.8")
        if not 0 < self.width <= 4:
            raise _wrong(self, "width", "it must be above 0 and at most 4", "width=1.0")
        if not 50 <= self.digits <= 5000 or self.digits % 50:
            raise _wrong(self, "digits", "it must be a multiple of 50 up to 5000", "digits=5000")

    @property
    def steps_per_epoch(self) -> int:
        """How many training steps an epoch has."""
        return -(-(self.digits - self.digits // 5) // self.batch_size)

    @classmethod
    def quick(cls, **changes: Any) -> DemoSettings:
        """Return the settings of a tiny run that shows the road, not the accuracy."""
        return cls(**{**_QUICK, **changes})


_QUICK: dict[str, Any] = {
    "epochs": 3,
    "pruning_epochs": 3,
    "width": 0.5,
    "digits": 1000,
    "batch_size": 32,
    "runs": 50,
    "compress": False,
}


def _wrong(settings: DemoSettings, name: str, found: str, fix: str) -> PruneError:
    return PruneError(f"{name}={getattr(settings, name)}", found, fix)
