"""What is known of a model without running it, as a report has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.comparing.energy import estimate_energy
from tfprune.counts.records import LayerCount, sum_known
from tfprune.evaluation.deciding_metric import deciding_metric, lower_is_better
from tfprune.inspection import inspect
from tfprune.reports.comparison import EnergyEstimate, ReportedLayer, ReportedModel
from tfprune.tflite.reading import read_tflite
from tfprune.verification.tolerance import precision_of


def counted(label: str, given: str, path: str, notes: Sequence[str]) -> ReportedModel:
    """Return the counts of a .tflite file: parameters, MACs, zeros, bytes, energy."""
    found = inspect(path)
    totals = found.totals
    activations = sum_known(layer.activation_bytes for layer in found.layers)
    energy: tuple[EnergyEstimate, ...] = ()
    if totals.macs is not None:
        weights = sum(row.stored_bytes or row.bytes for row in found.rows)
        precision = precision_of(read_tflite(path))
        energy = estimate_energy(totals.macs, weights, activations, precision)
    return ReportedModel(
        label=label,
        file=given,
        params=totals.params,
        macs=totals.macs,
        sparsity=totals.sparsity if totals.kernel_params else None,
        bytes=totals.file_bytes,
        gzip_bytes=totals.gzip_bytes,
        energy=energy,
        layers=tuple(map(_layer, found.layers)),
        notes=(*notes, *map(str, found.notes)),
    )


def layers_of_model(model: Any) -> tuple[ReportedLayer, ...]:
    """Return the layers of a Keras model, whose names models have in common."""
    return tuple(map(_layer, inspect(model).layers))


def _layer(layer: LayerCount) -> ReportedLayer:
    width = layer.output_shape[-1] if layer.output_shape else None
    return ReportedLayer(
        name=layer.name, kind=layer.op, width=width, params=layer.params, macs=layer.macs
    )


def metric_of(models: Sequence[ReportedModel]) -> tuple[str, bool]:
    """Return the metric that a report is about, and whether more of it is better.

    The first one that is no loss, else the loss; less is better of losses and errors.

    Example:
        >>> metric_of([ReportedModel(label="a", metrics={"loss": 1.0, "accuracy": 0.5})])
        ('accuracy', True)
        >>> metric_of([ReportedModel(label="a", metrics={"mean_squared_error": 1.0})])
        ('mean_squared_error', False)
    """
    names = list(dict.fromkeys(name for model in models for name in model.metrics))
    chosen = deciding_metric(names)
    return chosen, not lower_is_better(chosen)
