"""Settings that hold a width: a layer with one cannot be rebuilt smaller, so its units stay."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.flow import Flow
from tfprune.channels.records import Binding, Records
from tfprune.keras_facts import package_of

_KINDS = ("initializer", "regularizer", "constraint")


def keep_fixed_sizes(records: Records) -> None:
    """Keep the units of variables whose initializer, regularizer or constraint wants their width.

    Each setting of the user's own is tried on one unit less: Keras calls it when the smaller model
    is trained or loaded.
    """
    for binding in records.bindings.values():
        for name, setting in _settings(binding):
            if not _takes_one_less(binding, name, setting):
                where = records.path_of(binding.layer)
                records.ledger.keep(binding.ids, f"{name} of {where} fits this width alone")


def misfit_of_activity(layer: Any, flow: Flow) -> str | None:
    """Return why a layer's own activity regularizer does not take an output with a unit less."""
    regularizer = getattr(layer, "activity_regularizer", None)
    if regularizer is None or not _may_hold_a_size(regularizer):
        return None
    lengths = [length or 1 for length in flow.shape]
    for axis in flow.units:
        shape = [*lengths[:axis], lengths[axis] - 1, *lengths[axis + 1 :]]
        try:
            regularizer(keras.ops.zeros(shape))
        except Exception:  # the user's code, with any error of its own
            return f"activity_regularizer of {layer.name} fits this width alone"
    return None


def _settings(binding: Binding) -> list[tuple[str, Any]]:
    name = str(binding.variable.name)
    names = [f"{part}_{kind}" for part in (name, name.removesuffix("_kernel")) for kind in _KINDS]
    found = {setting: getattr(binding.layer, setting, None) for setting in names}
    return [(setting, value) for setting, value in found.items() if _may_hold_a_size(value)]


def _may_hold_a_size(setting: Any) -> bool:
    if isinstance(setting, keras.initializers.Constant):
        return np.ndim(setting.value) > 0
    return callable(setting) and "keras" not in (package_of(setting), package_of(type(setting)))


def _takes_one_less(binding: Binding, name: str, setting: Any) -> bool:
    shape = list(binding.variable.shape)
    shape[binding.axis] -= 1
    try:
        if name.endswith("initializer"):
            return tuple(setting(shape, dtype=binding.variable.dtype).shape) == tuple(shape)
        made = setting(keras.ops.zeros(shape))
        return name.endswith("regularizer") or tuple(made.shape) == tuple(shape)
    except Exception:  # the user's code, with any error of its own
        return False
