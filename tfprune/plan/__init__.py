"""What is wanted, what will happen, and what is left alone and why; readable before it runs."""

from tfprune.plan.planning import plan_pruning
from tfprune.plan.policy import PruningPolicy
from tfprune.plan.rules import Plan, Row, Rule, Rules

__all__ = [
    "Plan",
    "PruningPolicy",
    "Row",
    "Rule",
    "Rules",
    "plan_pruning",
]
