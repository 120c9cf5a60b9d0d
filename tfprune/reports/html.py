"""A run as one HTML page that needs nothing beside itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.errors import MissingExtra
from tfprune.reports import pictures
from tfprune.reports.highlights import highlights
from tfprune.reports.record import RunReport
from tfprune.reports.tables import number_notes
from tfprune.tables import wording

TEMPLATE = Path(__file__).with_name("report.html")


def report(
    source: RunReport | str | os.PathLike[str], path: str | os.PathLike[str] | None = None
) -> Path:
    """Write a run's `report.html`: tables and pictures in one file without references.

    Args:
        source: A `RunReport`, a `report.json`, or a folder that holds one.
        path: Where to write; `report.html` beside the source if None, in the current folder for
            a `RunReport`.

    Returns:
        The path of the page.

    Raises:
        FileError: the source is missing or no report, or the page cannot be written.
        MissingExtra: jinja2 or matplotlib is not installed.

    Example:
        >>> report("demo_output")                                    # doctest: +SKIP
        PosixPath('demo_output/report.html')
    """
    if isinstance(source, RunReport):
        record, folder = source, Path()
    else:
        record = RunReport.load(source)
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
    target = Path(path) if path is not None else folder / "report.html"
    files.write_text(target, render(record))
    return target


def render(record: RunReport) -> str:
    """Return the page of a run as text; every string of the record is escaped.

    Raises:
        MissingExtra: jinja2 or matplotlib is not installed.
    """
    return _template().render(
        run=record,
        highlights=highlights(record),
        note_numbers=number_notes(record.models),
        checks=_checks(record),
        pictures=_pictures(record),
    )


def _checks(record: RunReport) -> dict[str, int]:
    checks = [check for model in record.models for check in model.checks]
    return {"total": len(checks), "failed": sum(not check.passed for check in checks)}


def _pictures(record: RunReport) -> list[tuple[str, str, str]]:
    """Return (title, explanation, svg) of each picture that has something to show."""
    drawn = [
        ("Size", "What the phone stores, and what it downloads.", pictures.sizes(record.models)),
        (
            "Accuracy",
            "Each file run by the interpreter; whiskers: 95 % confidence (Wilson). "
            "The axis does not begin at 0.",
            pictures.accuracies(record.models, record.samples),
        ),
        (
            "Latency",
            "On this host, in interleaved rounds. A phone will differ.",
            pictures.latencies(record.models),
        ),
        (
            "Training",
            "Dense baseline first; then the masks grow while it trains on.",
            pictures.training(record.epochs),
        ),
        (
            "Sparsity per kernel",
            "Counted in the stripped Keras model."
            + f" The {pictures.MOST_KERNELS} largest of {len(record.kernels)}."
            * (len(record.kernels) > pictures.MOST_KERNELS),
            pictures.sparsities(record.kernels),
        ),
    ]
    return [row for row in drawn if row[2]]


def _template() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra.named("write report.html", "jinja2", "report") from error
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=wording.percent,
        count=wording.count,
        size=wording.size,
        ms=wording.milliseconds,
        error=wording.error,
        ratio=wording.ratio,
        shape=wording.shape,
        in_files=lambda kernel: wording.zeros_in_files(kernel.zeros, kernel.in_files),
    )
    environment.globals["spread"] = wording.spread
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
