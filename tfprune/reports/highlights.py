"""The few numbers of a run that a reader should see first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfprune.reports.record import KernelZeros, ModelRow, RunReport
from tfprune.tables import wording


@dataclass(frozen=True)
class Highlight:
    """One number in large type, what it is, and what it was compared with."""

    value: str
    what: str
    detail: str


def highlights(report: RunReport) -> tuple[Highlight, ...]:
    """Return the highlights that the report's numbers allow, each against the first model.

    Example:
        >>> models = [ModelRow(label=name, file="", bytes=2 * size, gzip_bytes=size)
        ...           for name, size in (("dense", 2000), ("int8", 500))]
        >>> run = RunReport(title="r", created="", models=tuple(models))
        >>> [(h.value, h.what) for h in highlights(run)]
        [('4.0x', 'smaller download')]
    """
    return tuple(_all(report))


def _all(report: RunReport) -> Iterator[Highlight]:
    if pruned := [k for k in report.kernels if k.planned is not None]:
        yield _zeros(pruned)
    if not report.models:
        return
    baseline, *others = report.models
    right = [m for m in others if all(check.passed for check in m.checks)]
    unpruned = {m.label: m for m in report.models}
    if smaller := [m for m in right if m.gzip_bytes < baseline.gzip_bytes]:
        smallest = min(smaller, key=lambda m: m.gzip_bytes)
        yield _smaller(baseline, smallest, unpruned.get(smallest.counterpart or ""))
        if smallest.accuracy is not None and baseline.accuracy is not None:
            yield _accuracy(baseline, smallest)
    if faster := [m for m in right if _clearly_faster(m, baseline)]:
        fastest = max(faster, key=lambda m: m.ratio or 0.0)
        yield _faster(baseline, fastest, unpruned.get(fastest.counterpart or ""))


def _clearly_faster(model: ModelRow, baseline: ModelRow) -> bool:
    """Whether the spreads of the two do not even touch."""
    return (
        model.p90_ms is not None and baseline.p10_ms is not None and model.p90_ms < baseline.p10_ms
    )


def _zeros(kernels: list[KernelZeros]) -> Highlight:
    zeros, params = sum(k.zeros for k in kernels), sum(k.params for k in kernels)
    return Highlight(
        wording.percent(zeros / params),
        "zeros",
        f"{wording.count(zeros)} of {wording.count(params)} weights "
        f"in {len(kernels)} pruned kernels",
    )


def _smaller(baseline: ModelRow, model: ModelRow, unpruned: ModelRow | None) -> Highlight:
    alone = f" ({_times(baseline, unpruned)} as {unpruned.label})" if unpruned else ""
    return Highlight(
        _times(baseline, model),
        "smaller download",
        f"{model.label}: {wording.size(baseline.gzip_bytes)} to {wording.size(model.gzip_bytes)}, "
        f"gzipped{alone}",
    )


def _times(baseline: ModelRow, model: ModelRow) -> str:
    return f"{baseline.gzip_bytes / model.gzip_bytes:.1f}x"


def _accuracy(baseline: ModelRow, model: ModelRow) -> Highlight:
    before, after = baseline.accuracy or 0.0, model.accuracy or 0.0
    return Highlight(
        f"{100 * (after - before):+.1f}".replace("-", "\N{MINUS SIGN}"),
        "points of accuracy",
        f"{model.label}: {wording.percent(before)} to {wording.percent(after)}",
    )


def _faster(baseline: ModelRow, model: ModelRow, unpruned: ModelRow | None) -> Highlight:
    """Credit the file that was not pruned where it is as fast, else name it beside."""
    beside = ""
    if unpruned is not None and not _clearly_faster(model, unpruned):
        model, beside = unpruned, "; pruned, it is as fast"
    elif unpruned is not None:
        beside = f" ({wording.ratio(unpruned.ratio)} as {unpruned.label})"
    return Highlight(
        wording.ratio(model.ratio),
        "as fast on this host",
        f"{model.label}: {wording.milliseconds(baseline.median_ms)} ms "
        f"to {wording.milliseconds(model.median_ms)} ms{beside}",
    )
