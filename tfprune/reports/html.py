"""A run as one HTML page that needs nothing beside itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.errors import MissingExtra
from tfprune.reports import pictures
from tfprune.reports.comparison import SCHEMA as COMPARISON
from tfprune.reports.comparison import Comparison
from tfprune.reports.comparison_page import of_comparison
from tfprune.reports.highlights import highlights
from tfprune.reports.record import RunReport
from tfprune.reports.tables import number_notes
from tfprune.tables import wording

Record = RunReport | Comparison


def report(
    source: Record | str | os.PathLike[str], out: str | os.PathLike[str] | None = None
) -> Path:
    """Write the `report.html` of a record: tables and pictures in one file without references.

    Args:
        source: A `RunReport` or `Comparison`, a `report.json`, or a folder that holds one.
        out: Where to write; `report.html` beside the source if None, in the current folder for
            a record in memory.

    Returns:
        The path of the page.

    Raises:
        FileError: the source is missing or no report, or the page cannot be written.
        MissingExtra: jinja2 or matplotlib is not installed.

    Example:
        >>> report("demo_output")                                    # doctest: +SKIP
        PosixPath('demo_output/report.html')
    """
    if isinstance(source, (RunReport, Comparison)):
        record, folder = source, Path()
    else:
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        record = load(Path(source) / "report.json" if Path(source).is_dir() else Path(source))
    target = Path(out) if out is not None else folder / "report.html"
    files.write_text(target, render(record))
    return target


def load(path: Path) -> Record:
    """Read a `report.json` of either kind.

    Raises:
        FileError: it is missing or no report.
    """
    text = files.read_bytes(path)
    kind = Comparison if COMPARISON.encode() in text else RunReport
    found: Record = kind.from_json(text, str(path))
    return found


def render(record: Record) -> str:
    """Return the page of a record as text; every string of it is escaped.

    Raises:
        MissingExtra: jinja2 or matplotlib is not installed.
    """
    if isinstance(record, Comparison):
        return _template("comparison.html").render(**of_comparison(record))
    return _template("report.html").render(
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


def _template(name: str) -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra.named("write report.html", "jinja2", "report") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=wording.percent,
        count=wording.count,
        size=wording.size,
        ms=wording.milliseconds,
        error=wording.error,
        ratio=wording.ratio,
        shape=wording.shape,
        metric=wording.metric,
        points=wording.points,
        amount=wording.amount,
        energy=wording.microjoules,
        in_files=lambda kernel: wording.zeros_in_files(kernel.zeros, kernel.in_files),
    )
    environment.globals["spread"] = wording.spread
    return environment.get_template(name)
