"""tfmot's policy for XNNPACK: prune what its sparse kernels can run, refuse what they cannot."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfprune.errors import PruneError
from tfprune.plan import PruningPolicy
from tfprune.readiness.judging import why_not_sparse


class PruneForLatencyOnXNNPack(PruningPolicy):
    """Prune the 1x1 convolutions of a model that XNNPACK's sparse kernels can run on ARM cores.

    The model is judged by `tfprune.doctor`'s rules, on the file that it becomes
    (`tfprune.readiness.why_not_sparse`): a model that is accepted runs sparse once enough of its
    weights are zero. Unlike tfmot's policy this one asks for `GlobalAveragePooling2D` with
    `keepdims=False`: LiteRT from 1.2 on computes or loads the other form wrongly.

    Example:
        >>> conv = layers.Conv2D(8, 1)
        >>> PruneForLatencyOnXNNPack().allow_pruning(conv)
        True
    """

    def allow_pruning(self, layer: Any) -> bool:
        """Return whether the layer is a 1x1 convolution with stride 1, one group, no dilation."""
        return isinstance(layer, layers.Conv2D) and (
            layer.kernel_size == (1, 1)
            and layer.strides == (1, 1)
            and layer.dilation_rate == (1, 1)
            and layer.groups == 1
        )

    def ensure_model_supports_pruning(self, model: Any) -> None:
        """Raise PruneError with the first layer that keeps the model from running sparse."""
        for finding in why_not_sparse(model):
            raise PruneError(
                f"prune {model.name!r} for sparse inference with XNNPACK",
                f"{finding.subject!r} {finding.found}",
                f"call tfprune.make_sparse_ready(model) first, or {finding.fix}",
            )
