"""One trial of a recipe: compress with some of its settings changed, as a flat record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tfprune.recipes import Recipe, recipe_of
from tfprune.trials.one import KnowsItself

_PATHS = ("model", "data", "validation")


class RecipeTrial(KnowsItself):
    """Compresses as a recipe says, but for the settings that are tried.

    Args:
        recipe: Its paths are made absolute: a worker may stand in another folder.
    """

    def __init__(self, recipe: Recipe) -> None:
        settings = msgspec.to_builtins(recipe)
        settings |= {name: _absolute(settings[name]) for name in _PATHS}
        settings["imports"] = [_absolute(path) for path in settings["imports"]]
        self.settings = settings

    @property
    def key(self) -> Any:
        """All that decides the outcome: the settings, and what the files hold."""
        named = [self.settings[name] for name in _PATHS] + self.settings["imports"]
        return [self.settings, [Path(path) for path in named if path and os.path.exists(path)]]

    def recipe_with(self, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe with settings by their dotted names.

        Raises:
            PruneError: there is no such setting, or it takes no such value.

        Example:
            >>> RecipeTrial(Recipe()).recipe_with({"budget.macs": 0.5, "seed": 3}).budget.macs
            0.5
        """
        settings = {
            name: dict(own) if isinstance(own, dict) else own for name, own in self.settings.items()
        }
        for name, value in values.items():
            section, _, setting = name.rpartition(".")
            place = settings.setdefault(section, {}) if section else settings
            place[setting] = value
        return recipe_of(settings, f"sweep over {', '.join(values)}")

    def __call__(self, folder: Path, **values: Any) -> dict[str, Any]:
        """Compress in a folder, where an earlier try may have left finished steps."""
        from tfprune.compressing import compress
        from tfprune.keras_files import import_layers

        recipe = self.recipe_with(values)
        for path in recipe.imports:
            import_layers(path)
        result = compress(None, recipe=recipe, out=folder, report=False)
        best, bar = result.best, result.floor
        return {
            "chosen": best.name,
            "judgement": best.judgement,
            bar.metric: best.metrics[bar.metric],
            f"dense {bar.metric}": bar.dense,
            **best.usage,
            "file": best.path,
        }


def _absolute(path: str | None) -> str | None:
    """Return a path that exists as an absolute one; `module:function` as it is."""
    return os.path.abspath(path) if path and os.path.exists(path) else path
