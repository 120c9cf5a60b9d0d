"""Flow rules: how units pass through each kind of layer and operation Keras has."""

from __future__ import annotations

from tfprune.channels.rules.finding import apply_rule, may_be_unfolded

__all__ = ["apply_rule", "may_be_unfolded"]
