"""Keras knows tfprune's classes as soon as both are imported, in whatever order.

Keras can load a half-trained model, one with smaller composite layers or one that knows its int8
ranges only if it knows the classes in it. tfprune does not import Keras before it is used; so it
waits for somebody to import it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_ROOMS = ("tfprune.masks", "tfprune.surgery", "tfprune.quantization")


def know() -> None:
    """Import the rooms whose classes Keras shall know, if Keras is there."""
    if "keras" in sys.modules:
        for room in _ROOMS:
            importlib.import_module(room)


def follow() -> None:
    """Do so now, or when Keras is imported."""
    if "keras" in sys.modules:
        know()
    else:
        sys.meta_path.insert(0, _Keras())


class _Keras(MetaPathFinder):
    """Finds Keras where it is found anyway, once, and follows its import with `know`."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Followed(spec.loader)
        return spec


class _Followed(Loader):
    """Loads like another loader."""

    def __init__(self, inner: Loader) -> None:
        self.inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.inner
        if module.__spec__ is not None:
            module.__spec__.loader = self.inner
        self.inner.exec_module(module)
        if not within_a_room():  # `tfprune.__getattr__` follows when that room is imported
            know()


def within_a_room() -> bool:
    """Whether a room of tfprune is being imported, and so imports Keras."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_stack(None))
    return any(name.startswith("tfprune.") and name != __name__ for name in modules)
