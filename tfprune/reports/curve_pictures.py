"""Pictures of what a search measured: sensitivities, and latencies as predicted and as measured."""

from __future__ import annotations

from tfprune.reports.comparison import Comparison
from tfprune.reports.pictures import legend_above, name_points, short
from tfprune.reports.svg import FIRST, MUTED, SECOND, THIRD, figure, svg_of
from tfprune.tables import wording


def sensitivity(record: Comparison) -> str:
    """Draw what the metric falls to when one layer alone is pruned, a line for each layer."""
    layers = list(dict.fromkeys(point.layer for point in record.sensitivity))
    if not layers:
        return ""
    with figure(3.2) as (drawing, axes):
        said = []
        for i, layer in enumerate(layers):
            points = sorted((p.ratio, p.metric) for p in record.sensitivity if p.layer == layer)
            style = {
                "color": (FIRST, SECOND, THIRD, MUTED)[i % 4],
                "ls": ("-", "--", ":")[i // 4 % 3],
            }
            named = {"label": short(layer)} if i < 12 else {}
            axes.plot(*zip(*points, strict=True), marker="o", ms=3, **style, **named)
            said.append(f"{layer}: {wording.metric(points[-1][1])} at {points[-1][0]:.0%}")
        axes.set(xlabel="share removed", ylabel=record.metric)
        drawing.legend(loc="outside upper left", ncols=2)
        return svg_of(drawing, "sensitivity", "Sensitivity of each layer", "; ".join(said))


def latency(record: Comparison) -> str:
    """Draw what a latency table predicted against what was measured; on the line it was right."""
    if not record.latency:
        return ""
    unit = short(record.latency[0].unit)
    with figure(3.2) as (drawing, axes):
        most = 1.1 * max(max(one.predicted, one.measured) for one in record.latency)
        axes.plot((0, most), (0, most), color=MUTED, lw=1)
        for fitted, colour, label in (
            (True, MUTED, "fitted to it"),
            (False, FIRST, "predicted"),
        ):
            points = [(o.predicted, o.measured) for o in record.latency if o.fitted is fitted]
            if points:
                axes.plot(*zip(*points, strict=True), "o", color=colour, ms=6, label=label)
        axes.set(xlabel=f"predicted, {unit}", ylabel=f"measured, {unit}")
        axes.set(xlim=(0, 1.15 * most), ylim=(0, most))
        name_points(axes, [((o.predicted, o.measured), short(o.label)) for o in record.latency])
        legend_above(axes)
        said = "; ".join(
            f"{one.label}: {one.predicted:.4g} {unit} predicted, {one.measured:.4g} measured"
            for one in record.latency
        )
        return svg_of(drawing, "latency-table", "Latencies as predicted and as measured", said)
