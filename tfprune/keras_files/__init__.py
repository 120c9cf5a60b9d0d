"""Loading and saving the `.keras` files that a user names, with errors they can act on."""

from __future__ import annotations

from tfprune.keras_files.importing import import_layers
from tfprune.keras_files.loading import load_model, save_model
from tfprune.keras_files.settings import settings_in

__all__ = ["import_layers", "load_model", "save_model", "settings_in"]
