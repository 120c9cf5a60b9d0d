"""Advice: which techniques fit a model, why, and the recipe that follows."""

from tfprune.advising.advice import Advice, AdviceLine
from tfprune.advising.request import advise

__all__ = ["Advice", "AdviceLine", "advise"]
