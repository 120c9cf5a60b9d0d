"""Data in any form that `fit` takes, or a path, as checked batches of named inputs."""

from tfprune.data.batches import Batches
from tfprune.data.naming import Batch
from tfprune.data.wanted import Input, Usual, Wanted

__all__ = ["Batch", "Batches", "Input", "Usual", "Wanted"]
