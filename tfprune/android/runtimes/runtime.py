"""What every way of running models on a phone has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfprune.android.checking import Reference
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.planning import RunnerPlan


class Runtime(ABC):
    """What runs models on a phone.

    Attributes:
        name: What runs, for readers.
        files: Name in the folder on the phone → file here.
        start: The words that start it in that folder; the files that they name are executed.
        silence_s: How long it may say nothing.
        stop: What ends it on the phone, besides the process named in `pid`; or `""`.
    """

    name: str
    files: Mapping[str, Path]
    start: tuple[str, ...]
    silence_s: float
    stop: str

    @abstractmethod
    def pack(self, reference: Reference) -> dict[str, bytes]:
        """Return the files of a model's inputs, by the ends of their names: `N.in` is `in`."""

    @abstractmethod
    def run(
        self, folder: RemoteFolder, plan: RunnerPlan, references: Sequence[Reference]
    ) -> list[dict[str, Any]]:
        """Run a plan and return one row for each model, as in `models` of docs/android.md.

        An empty plan only sees whether it starts.

        Raises:
            PhoneLost: the phone went away.
            PruneError: it did not start, was ended, or a model failed, by name.
        """
