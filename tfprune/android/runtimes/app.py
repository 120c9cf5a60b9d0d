"""The demo app, android_demo, as what runs the models on a phone."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfprune.android.checking import Reference
from tfprune.android.device.adb import ASKED, Adb, quote
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.documents import DocumentRuntime
from tfprune.errors import PruneError

PACKAGE = "org.tfprune.demo"
INSTRUMENTATION = f"{PACKAGE}/.BenchmarkInstrumentation"
_INSTALL = "gradle -p android_demo installDebug"


@dataclass(frozen=True, kw_only=True)
class App(DocumentRuntime):
    """LiteRT in an app, as users' own apps have it: with Android's scheduling of apps.

    Args:
        name: What runs, for readers.
        files: Nothing has to be copied: the app is installed.
        start: Nothing of the folder's is executed.
        silence_s: How long it may say nothing: its one document comes at the end.
        stop: What ends it on the phone.
    """

    name: str = "the demo app"
    files: Mapping[str, Path] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    silence_s: float = 1200.0
    stop: str = f"am force-stop {PACKAGE}"

    def line(self, folder: str, plan: RunnerPlan) -> str:
        """Return the line that runs a plan in a folder; an app reads what all may read."""
        settings = {"folder": folder, **plan.settings()}
        extras = [word for name, value in settings.items() for word in ("-e", name, value)]
        command = quote("am", "instrument", "-w", *extras, INSTRUMENTATION)
        return f"{quote('chmod', '-R', 'a+rX', folder)} && {command}"

    def steps(self, plan: RunnerPlan) -> int:
        """How many steps it tells of: none."""
        return 0

    def explain(self, text: str) -> tuple[str, str] | None:
        """Return what `am instrument` says of an app that is not there or crashed."""
        return how_it_failed(text)

    def run(
        self, folder: RemoteFolder, plan: RunnerPlan, references: Sequence[Reference]
    ) -> list[dict[str, Any]]:
        """Run a plan; outputs that the app left in files are fetched."""
        rows = super().run(folder, plan, references)
        fetch_outputs(folder.adb, rows)
        return rows


def check_app(*, cpu_mask: str | None, per_op: bool) -> None:
    """Raise a PruneError for what an app cannot do."""
    if cpu_mask is not None:
        found = "an app cannot choose its cores"
        raise PruneError(
            f"cpu_mask={cpu_mask!r} in the demo app", found, "leave one of the two out"
        )
    if per_op:
        found = "LiteRT's Java API times no single ops"
        raise PruneError("time each op in the demo app", found, "leave --app out for that")


def how_it_failed(text: str) -> tuple[str, str] | None:
    """Return what `am instrument` says of an app that is not there or crashed, and the fix.

    Source: AOSP, frameworks/base/cmds/am/src/com/android/commands/am/Instrument.java.
    """
    if "INSTRUMENTATION_FAILED" in text:
        return "the demo app is not installed", f"install it: {_INSTALL}"
    if "INSTRUMENTATION_ABORTED" in text or "Process crashed" in text:
        return "the app crashed", "see why with `adb logcat -d`; install a newer one: " + _INSTALL
    return None


def fetch_outputs(adb: Adb, rows: list[dict[str, Any]]) -> None:
    """Put outputs that were too large for the document into its rows, and remove their files.

    Raises:
        PhoneLost: the phone went away.
        PruneError: a file cannot be read.
    """
    for output in (output for row in rows for output in row["outputs"] if "file" in output):
        output["base64"] = base64.b64encode(adb.pull(output["file"])).decode("ascii")
        if adb.shell(quote("rm", "-f", output["file"])).code:
            raise PruneError(
                f"{ASKED}: remove {output['file']}", "refused", "remove it by hand: adb shell rm"
            )
