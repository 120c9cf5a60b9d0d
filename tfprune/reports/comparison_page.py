"""What the page of a comparison shows, in the order in which it shows it."""

from __future__ import annotations

from typing import Any

from tfprune.evaluation.table import interval
from tfprune.reports import comparison_pictures as draw
from tfprune.reports import curve_pictures, pictures
from tfprune.reports.comparison import Comparison, EnergyEstimate, ReportedModel
from tfprune.reports.highlights import Highlight
from tfprune.reports.losing import class_losses
from tfprune.reports.tables import number_notes
from tfprune.tables import wording

_NOTABLE = 1.05
"""What is less than this times as good is no highlight."""


def of_comparison(record: Comparison) -> dict[str, Any]:
    """Return what the template `comparison.html` takes."""
    names = dict.fromkeys(name for model in record.models for name in model.metrics)
    energies = [energy for model in record.models for energy in model.energy]
    return {
        "run": record,
        "highlights": highlights_of(record),
        "note_numbers": number_notes(record.models),
        "metric_names": sorted(names, key=lambda name: name != record.metric),
        "processes": list(dict.fromkeys(energy.process for energy in energies)),
        "energy_sources": list(dict.fromkeys(f"{e.process}: {e.source}" for e in energies)),
        "energy_of": energy_of,
        "energy_share": lambda model, process: energy_share(record, model, process),
        "losses": class_losses(record),
        "interval": interval,
        "nothing": wording.NOTHING,
        "pictures": _pictures(record),
    }


def energy_of(model: ReportedModel, process: str) -> EnergyEstimate | None:
    """Return a model's estimate for one technology, None if there is none."""
    return next((energy for energy in model.energy if energy.process == process), None)


def energy_share(record: Comparison, model: ReportedModel, process: str) -> float | None:
    """Return a model's estimated energy as a share of the first model's; None if unknown."""
    own, first = energy_of(model, process), energy_of(record.models[0], process)
    if own is None or first is None or own.total_uj is None or not first.total_uj:
        return None
    return own.total_uj / first.total_uj


def highlights_of(record: Comparison) -> list[Highlight]:
    """Return the best of each kind beside the first model, with what it costs in the metric."""
    if len(record.models) < 2:
        return []
    first, *others = record.models
    found = []
    for name, field, what, say in (
        ("smallest", "gzip_bytes", "smaller download", wording.size),
        ("fastest", "median_ms", "as fast on this host", lambda v: f"{wording.milliseconds(v)} ms"),
    ):
        before = getattr(first, field)
        known = [model for model in others if getattr(model, field)]
        best = min(known, key=lambda model: getattr(model, field), default=None)
        if not before or best is None or before / getattr(best, field) < _NOTABLE:
            continue
        after = getattr(best, field)
        detail = f"{best.label}, the {name}: {say(before)} to {say(after)}"
        found.append(Highlight(f"{before / after:.1f}x", what, detail))
        a, b = record.value(first), record.value(best)
        if a is not None and b is not None:
            found.append(_change(record.metric, best.label, a, b))
    return list(dict.fromkeys(found))


def _change(metric: str, label: str, before: float, after: float) -> Highlight:
    """Return what a metric became: in points where it is a share, else as it is."""
    detail = f"{label}: {wording.metric(before)} to {wording.metric(after)}"
    if metric.endswith("accuracy") and 0 <= before <= 1 and 0 <= after <= 1:
        return Highlight(wording.points(after - before), f"points of {metric}", detail)
    return Highlight(f"{after - before:+.2g}".replace("-", "\N{MINUS SIGN}"), metric, detail)


def _pictures(record: Comparison) -> list[tuple[str, str, str]]:
    """Return (title, explanation, svg) of each picture that has something to show."""
    models = record.models
    sized = [m for m in models if m.bytes is not None and m.gzip_bytes is not None]
    better = "higher" if record.higher_is_better else "lower"
    drawn = [
        (
            f"Time and {record.metric}",
            f"On {record.target}. Left and {better} is better; steps: what nothing beats in both."
            + " Each trial was timed in a run of its own." * bool(record.trials),
            draw.pareto(record, "median_ms", "ms for one inference"),
        ),
        (
            f"Size and {record.metric}",
            f"Left and {better} is better; steps: what nothing beats in both.",
            draw.pareto(record, "bytes", "kB of the file", 1e-3),
        ),
        (
            f"How sure: {record.metric}",
            "Whiskers: 95 % confidence (Wilson), where it is a share of samples. The axis does not "
            "begin at 0.",
            draw.metrics(record),
        ),
        ("Size", "What the phone stores, and what it downloads.", pictures.sizes(sized)),
        (
            "Latency",
            "On this host, in interleaved rounds. A phone will differ.",
            pictures.latencies(models),
        ),
        ("Widths", "Before and after, layers of the same name.", draw.widths(record)),
        ("Multiply-accumulates", "By layer, the largest.", draw.layer_macs(record)),
        ("Sensitivity", "One layer pruned alone.", curve_pictures.sensitivity(record)),
        (
            "Latency table",
            "What the sum over ops predicted, and what the whole file took. On the line it was "
            "right.",
            curve_pictures.latency(record),
        ),
    ]
    drawn += [
        (
            f"Time by op: {model.label}",
            "As they ran, the slowest; whole microseconds, those of 0 are left out.",
            draw.op_times(model, number),
        )
        for number, model in enumerate(models)
    ]
    return [row for row in drawn if row[2]]
