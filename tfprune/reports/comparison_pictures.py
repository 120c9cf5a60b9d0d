"""The pictures of a comparison; each is an `<svg>`, or "" if there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tfprune.evaluation.classes import wilson
from tfprune.reports.comparison import Comparison, ReportedLayer, ReportedModel
from tfprune.reports.pictures import (
    beside,
    legend_above,
    name_points,
    right_margin,
    rows_of,
    short,
    whiskers,
)
from tfprune.reports.svg import FIRST, INK, MUTED, SECOND, THIRD, figure, svg_of
from tfprune.tables import wording

MOST_LAYERS = 24
Point = tuple[float, float]


def pareto(record: Comparison, axis: str, name: str, scale: float = 1.0) -> str:
    """Draw the metric against a cost: models with their labels, trials small, the front as steps.

    Args:
        record: The comparison.
        axis: The field of models and trials that costs: `"median_ms"` or `"bytes"`.
        name: What stands below the axis.
        scale: Times the field's value.
    """
    models = _placed(record, axis, scale)
    trials = [
        ((getattr(trial, axis) * scale, trial.metric), trial)
        for trial in record.trials
        if trial.metric is not None and getattr(trial, axis) is not None
    ]
    if len(models) + len(trials) < 2:
        return ""
    with figure(3.2) as (drawing, axes):
        for kept, look in ((False, {"facecolors": "none"}), (True, {"color": SECOND})):
            tried = [point for point, trial in trials if trial.kept is kept]
            if tried:
                label = "tried, kept" if kept else "tried"
                axes.scatter(*_columns(tried), s=20, edgecolors=SECOND, label=label, **look)
        points = [point for point, _ in models] + [point for point, _ in trials]
        edge = front(points, record.higher_is_better)
        axes.plot(*_columns(edge), drawstyle="steps-post", color=THIRD, lw=1.2, label="not beaten")
        if models:
            axes.plot(*_columns([p for p, _ in models]), "o", color=FIRST, ms=7, label="reported")
        axes.margins(0.16, 0.16)
        name_points(axes, [(point, short(model.label)) for point, model in models])
        axes.set(xlabel=name, ylabel=record.metric)
        legend_above(axes)
        said = "; ".join(
            f"{model.label}: {wording.metric(y)} at {x:.4g} {name}" for (x, y), model in models
        )
        said += f"; {len(trials)} trials" * bool(trials)
        return svg_of(drawing, f"pareto-{axis}", f"{record.metric} against {name}", said)


def _placed(record: Comparison, axis: str, scale: float) -> list[tuple[Point, ReportedModel]]:
    found = []
    for model in record.models:
        cost, value = getattr(model, axis), record.value(model)
        if cost is not None and value is not None:
            found.append(((cost * scale, value), model))
    return found


def front(points: Iterable[Point], higher_is_better: bool) -> list[Point]:
    """Return the points that no other beats in cost and metric, by cost.

    Example:
        >>> front([(1.0, 0.5), (2.0, 0.9), (3.0, 0.8)], True)
        [(1.0, 0.5), (2.0, 0.9)]
    """
    sign = 1.0 if higher_is_better else -1.0
    best, kept = float("-inf"), []
    for cost, value in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if sign * value > best:
            best = sign * value
            kept.append((cost, value))
    return kept


def metrics(record: Comparison) -> str:
    """Draw each model's metric; whiskers where it is a share of samples."""
    shown = [(m, v) for m in record.models if (v := record.value(m)) is not None]
    if not shown:
        return ""
    with rows_of([model.label for model, _ in shown]) as (drawing, axes):
        ends = [_interval(model, value) for model, value in shown]
        below = [value - low for (_, value), (low, _) in zip(shown, ends, strict=True)]
        above = [high - value for (_, value), (_, high) in zip(shown, ends, strict=True)]
        values = [value for _, value in shown]
        if any(below) or any(above):
            error = [[max(0.0, v) for v in side] for side in (below, above)]
            axes.errorbar(values, range(len(shown)), xerr=error, **whiskers())
        axes.plot(values, range(len(shown)), "o", color=FIRST, markersize=7)
        least, most = min(low for low, _ in ends), max(high for _, high in ends)
        room = max(most - least, 1e-3 * abs(most), 1e-9)
        axes.set_xlim(least - 0.08 * room, most + 0.45 * room)
        for place, value in enumerate(values):
            beside(axes, most + 0.05 * room, place, wording.metric(value))
        axes.set_xlabel(record.metric)
        said = "; ".join(f"{model.label}: {wording.metric(value)}" for model, value in shown)
        return svg_of(drawing, "metrics", f"{record.metric} of each model", said)


def _interval(model: ReportedModel, value: float) -> tuple[float, float]:
    """Return the interval of a share that the counts by class confirm, else the value twice."""
    samples = sum(row.samples for row in model.per_class)
    right = sum(row.right for row in model.per_class)
    if not samples or abs(right / samples - value) > 1e-6:
        return value, value
    return wilson(right, samples)


def widths(record: Comparison) -> str:
    """Draw the widths of layers before and after, of the first model that has others."""
    pair = _changed(record)
    if pair is None:
        return ""
    first, other, shared = pair
    shown = [(a, b) for a, b in shared if a.params and b.params][:MOST_LAYERS] or shared
    shown = shown[:MOST_LAYERS]
    with rows_of([a.name for a, _ in shown], bar=0.3) as (drawing, axes):
        _pairs(axes, [[a.width or 0, b.width or 0] for a, b in shown], (first.label, other.label))
        axes.set_xlabel("channels, neurons, features")
        said = "; ".join(f"{a.name}: {a.width} to {b.width}" for a, b in shown)
        return svg_of(drawing, "widths", f"Widths in {first.label} and {other.label}", said)


def layer_macs(record: Comparison) -> str:
    """Draw the multiply-accumulates of the layers of the first model that has any."""
    pair = _changed(record)
    rows = [(a, b) for a, b in pair[2] if a.macs and b.macs is not None] if pair else []
    if not rows:
        return _own_macs(record.models)
    assert pair is not None
    rows = sorted(rows, key=lambda row: -(row[0].macs or 0))[:MOST_LAYERS]
    with rows_of([a.name for a, _ in rows], bar=0.3) as (drawing, axes):
        counts = [[a.macs or 0, b.macs or 0] for a, b in rows]
        _pairs(axes, counts, (pair[0].label, pair[1].label))
        axes.set_xlabel("multiply-accumulates")
        said = "; ".join(
            f"{a.name}: {wording.amount(a.macs)} to {wording.amount(b.macs)}" for a, b in rows
        )
        return svg_of(drawing, "macs", "Multiply-accumulates of each layer", said)


def _own_macs(models: Sequence[ReportedModel]) -> str:
    for model in models:
        rows = [layer for layer in model.layers if layer.macs]
        if rows:
            rows = sorted(rows, key=lambda layer: -(layer.macs or 0))[:MOST_LAYERS]
            numbers = [layer.macs or 0 for layer in rows]
            title = f"Multiply-accumulates in {model.label}"
            return _bars("macs", title, rows, numbers, "multiply-accumulates", wording.amount)
    return ""


def op_times(model: ReportedModel, number: int) -> str:
    """Draw the time of each op of one model, the slowest ones, in the order in which they ran."""
    known = [op for op in model.ops if op.median_us]
    if not known:
        return ""
    least = sorted((op.median_us or 0.0 for op in known), reverse=True)[:MOST_LAYERS][-1]
    rows = [op for op in known if (op.median_us or 0.0) >= least][:MOST_LAYERS]
    numbers = [op.median_us or 0.0 for op in rows]
    title = f"Time of each op of {model.label}"
    return _bars(f"ops-{number}", title, rows, numbers, "microseconds", lambda v: f"{v:g}")


def _changed(
    record: Comparison,
) -> tuple[ReportedModel, ReportedModel, list[tuple[ReportedLayer, ReportedLayer]]] | None:
    """Return the first model, one whose layers of the same name are smaller, and these pairs."""
    if not record.models:
        return None
    first, *others = record.models
    own = {layer.name: layer for layer in first.layers}
    for other in others:
        shared = [(own[b.name], b) for b in other.layers if b.name in own]
        if any(a.width != b.width for a, b in shared):
            return first, other, shared
    return None


def _pairs(axes: Any, rows: Sequence[Sequence[float]], names: tuple[str, str]) -> None:
    for side, (shift, colour) in enumerate(((-0.2, MUTED), (0.2, FIRST))):
        places = [place + shift for place in range(len(rows))]
        values = [row[side] for row in rows]
        bars = axes.barh(places, values, 0.36, color=colour, label=short(names[side]))
        labels = [wording.amount(int(value)) for value in values]
        axes.bar_label(bars, labels, padding=3, fontsize=7.5, color=INK)
    right_margin(axes, 0.18)
    legend_above(axes)


def _bars(
    name: str,
    title: str,
    rows: Sequence[ReportedLayer],
    numbers: Sequence[float],
    axis: str,
    say: Any,
) -> str:
    with rows_of([row.name for row in rows], bar=0.24) as (drawing, axes):
        bars = axes.barh(range(len(rows)), numbers, 0.62, color=FIRST)
        axes.bar_label(bars, [say(n) for n in numbers], padding=3, fontsize=7.5, color=INK)
        axes.set_xlabel(axis)
        right_margin(axes, 0.16)
        said = "; ".join(f"{row.name}: {say(n)}" for row, n in zip(rows, numbers, strict=True))
        return svg_of(drawing, name, title, said)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]
