"""Which metric decides, and whether more of it is better, by the names that Keras gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words in the names of Keras' losses and of those metrics that are better the lower they are.
_LOWER = re.compile(
    r"loss|error|mse|mae|mape|mspe|msle|entropy|divergence|kld|hinge|poisson|deviance|perplexity|"
    r"false_"
)


def lower_is_better(metric: str) -> bool:
    """Whether a metric of this name is better the lower it is; an output's name may stand before.

    Example:
        >>> [lower_is_better(name) for name in ("loss", "mae", "head_mae", "accuracy", "auc")]
        [True, True, True, False, False]
    """
    return _LOWER.search(metric.lower()) is not None


def deciding_metric(names: Iterable[str]) -> str:
    """Return the first metric that is no loss, else the loss; "" if there is none.

    Example:
        >>> deciding_metric(["loss", "accuracy"]), deciding_metric(["loss"]), deciding_metric([])
        ('accuracy', 'loss', '')
    """
    known = list(names)
    return next((n for n in known if not n.endswith("loss")), next(iter(known), ""))
