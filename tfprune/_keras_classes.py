"""Keras knows tfprune's classes as soon as both are imported, in whatever order.

Keras can load a half-trained model, one with smaller composite layers or one that knows its int8
ranges only if it knows the classes in it. tfprune does not import Keras before it is used; so it
waits for somebody to import it.

There is no way without a hook: a saved model names the module of each class, but
`keras.saving` imports that module by itself for Keras' own packages alone
(`_retrieve_class_or_fn`), so that a file cannot run code; and Keras has no entry points.
"""

from __future__ import annotations

import importlib
import sys
import traceback

import wrapt

_ROOMS = ("tfprune.masks", "tfprune.clustering", "tfprune.surgery", "tfprune.quantization")


def know() -> None:
    """Import the rooms whose classes Keras shall know, if Keras is there."""
    if "keras" in sys.modules:
        for room in _ROOMS:
            importlib.import_module(room)


def follow() -> None:
    """Do so now, or when Keras has been imported."""
    wrapt.register_post_import_hook(_follow, "keras")


def _follow(_keras: object) -> None:
    if not within_a_room():  # `tfprune.__getattr__` follows when that room is imported
        know()


def within_a_room() -> bool:
    """Whether a room of tfprune is being imported, and so imports Keras."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_stack(None))
    return any(name.startswith("tfprune.") and name != __name__ for name in modules)
