"""Flow rules: how units pass through each kind of layer and operation Keras has."""

from __future__ import annotations

from tfprune.channels.rules.finding import apply_rule

__all__ = ["apply_rule"]
