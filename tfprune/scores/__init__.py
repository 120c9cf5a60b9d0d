"""What a weight is worth: weights, and what their gradients have told → one score for each.

A mask keeps the weights with the highest scores; a pattern pools them. Scores are float32, of any
sign, in the kernel's own shape.
"""

from tfprune.scores.formulas import MagnitudeScore, Movement, RandomScore, TaylorScore
from tfprune.scores.naming import SCORES, OwnScore, as_score
from tfprune.scores.score import Score

__all__ = [
    "SCORES",
    "MagnitudeScore",
    "Movement",
    "OwnScore",
    "RandomScore",
    "Score",
    "TaylorScore",
    "as_score",
]
