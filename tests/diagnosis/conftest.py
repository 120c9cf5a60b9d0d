"""The same converted models as the tests of export."""

from tests.export.conftest import converted, images, pruned

__all__ = ["converted", "images", "pruned"]
