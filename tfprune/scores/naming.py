"""From a name, a function or an object to a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfprune.errors import PruneError, near
from tfprune.keras_facts.origins import name_of
from tfprune.scores.formulas import MagnitudeScore, Movement, RandomScore, TaylorScore
from tfprune.scores.score import Score

_NAMED: dict[str, Callable[[], Score]] = {
    "magnitude": MagnitudeScore,
    "movement": Movement,
    "taylor": TaylorScore,
    "random": RandomScore,
}
SCORES = tuple(_NAMED)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class OwnScore(Score):
    """A function of one's own: weights → scores.

    Args:
        function: It gets a kernel's weights as a float32 tensor and returns a number for each,
            higher = stays, with `keras.ops`, since it runs inside the compiled training step.
            Register it with Keras if models that use it are to be saved.

    Raises:
        PruneError: in training: it did not return one number for each weight.

    Example:
        >>> OwnScore(ops.negative).of(ops.array([3.0, 1.0]), None).numpy().tolist()
        [-3.0, -1.0]
    """

    function: Callable[[Any], Any]
    name: ClassVar[str] = "a function"

    def of(self, weights: Any, remembered: Any) -> Any:
        """Return what the function returns, as float32."""
        scores = ops.cast(ops.convert_to_tensor(self.function(weights)), "float32")
        if tuple(scores.shape) != tuple(weights.shape):
            raise PruneError(
                f"score a kernel by {name_of(self.function)}",
                f"it gave scores of shape {tuple(scores.shape)} for weights of "
                f"{tuple(weights.shape)}",
                "return one number for each weight, higher = stays",
            )
        return scores

    def get_config(self) -> dict[str, Any]:
        """Return the function, serialized."""
        return {"function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> OwnScore:
        """Build the score from `get_config()`."""
        return cls(keras.saving.deserialize_keras_object(config["function"]))


def as_score(score: Any = None) -> Score:
    """Return the score that is meant.

    Args:
        score: A `Score`; a name: "magnitude", "movement", "taylor" or "random"; a function
            weights → scores; None for magnitude.

    Raises:
        PruneError: it is none of these.

    Example:
        >>> as_score("movement")
        Movement(decay=1.0)
    """
    if score is None:
        return MagnitudeScore()
    if isinstance(score, Score):
        return score
    if isinstance(score, str):
        if score in _NAMED:
            return _NAMED[score]()
        fix = f"use one of: {near(score, SCORES)}"
        raise PruneError(f"score={score!r}", "there is no such score", fix)
    if isinstance(score, type):
        found, fix = "that is a class", f"give an object: {score.__name__}()"
        raise PruneError(f"score={score.__name__}", found, fix)
    if callable(score):
        return OwnScore(score)
    raise PruneError(
        f"score={score!r}",
        "it is neither a name, nor a function of weights, nor a score",
        f"use one of {', '.join(map(repr, SCORES))}, or an object of tfprune.scores",
    )
