"""report: a page of models of one's own, or of a record that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfprune.comparing.measuring import compare
from tfprune.errors import PruneError
from tfprune.reports.comparison import Comparison
from tfprune.reports.html import report as report_record
from tfprune.reports.record import RunReport

PathLike = str | os.PathLike[str]
_MODELS = {".tflite", ".keras", ".h5"}


def report(source: Any, out: PathLike | None = None, *, data: Any = None, **settings: Any) -> Path:
    """Write `report.html` of models side by side: tables and pictures in one file, no network.

    Args:
        source: Models: a dict from label to `.tflite` file, `.keras` file or Keras model, or a
            list of paths; the first is what the others are compared with. Or a record that is
            there: a `Comparison`, a `RunReport`, a `report.json`, or a folder that holds one.
        out: Where to write; `report.html` beside a file that is read, else in the current folder.
            Of models, `report.json` is written beside it.
        data: Labelled data for `tfprune.evaluate`, in any form that `fit` takes, or a path.
        settings: What `tfprune.comparing.compare` takes: `metrics`, `loss`, `title`, `runs`,
            `threads`, `phone` (a saved profile), `instructions`, `also`, `trials`, `sensitivity`,
            `latency`.

    Returns:
        The path of the page.

    Raises:
        FileError: a file is missing or broken, or the page cannot be written.
        MissingExtra: jinja2 or matplotlib is not installed.
        PruneError: there is nothing to report on, or data for a record that is there.

    Example:
        >>> models = {"dense": "dense.tflite", "int8": "int8.tflite"}
        >>> report(models, "report.html", data="test.npz")           # doctest: +SKIP
        PosixPath('report.html')
    """
    if not _are_models(source):
        if data is not None or settings:
            given = ", ".join([*(["data"] if data is not None else []), *settings])
            found = "it is measured already"
            raise PruneError(f"report on {source} with {given}", found, "give models to measure")
        return report_record(source, out)
    record = compare(source, data, **settings)
    target = Path(out) if out is not None else Path("report.html")
    page = report_record(record, target)
    record.save(target.with_suffix(".json"))
    return page


def _are_models(source: Any) -> bool:
    if isinstance(source, (RunReport, Comparison)):
        return False
    if isinstance(source, (str, os.PathLike)):
        return Path(source).suffix in _MODELS
    import keras

    return isinstance(source, (Mapping, Sequence, keras.Model))
