"""A run: a folder of finished steps, each done once and found again after any interruption."""

from tfprune.runs.digest import digest, source_of
from tfprune.runs.folder import FinishedStep, Run

__all__ = ["FinishedStep", "Run", "digest", "source_of"]
