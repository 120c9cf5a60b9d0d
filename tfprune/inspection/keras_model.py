"""Inspect a Keras model, in memory or in a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfprune import files
from tfprune.counts import count
from tfprune.errors import PruneError
from tfprune.inspection.records import Inspection, KernelRow, Totals
from tfprune.keras_facts import Kernel, kernels_of
from tfprune.keras_files import load_model
from tfprune.notes import Note


def inspect_model(model: Any, input_shape: Any = None) -> Inspection:
    """Inspect a built Keras model, with the MACs of a sample of `input_shape`."""
    if not isinstance(model, keras.Model):
        raise PruneError(
            f"inspect {type(model).__name__}",
            "it is neither a Keras model nor a path",
            "give a keras.Model, or the path of a .keras or .tflite file",
        )
    if not model.built:
        raise PruneError(
            f"inspect the model {model.name!r}",
            "it has no weights yet",
            "build it first: model.build(input_shape), or start it with keras.Input(shape)",
        )
    kernels = kernels_of(model)
    rows = tuple(_row(kernel) for kernel in kernels)
    counts = count(model, input_shape)
    totals = Totals(
        params=int(model.count_params()),
        kernel_params=sum(r.params for r in rows),
        zeros=sum(r.zeros for r in rows),
        macs=counts.macs,
        activations=counts.activations,
        counted_macs=sum(row.macs or 0 for row in counts.rows),
    )
    notes = (*_uncounted(model, kernels), *counts.notes)
    return Inspection(
        subject=model.name, kind="keras", rows=rows, totals=totals, notes=notes, layers=counts.rows
    )


def inspect_keras_file(path: Path, content: bytes, input_shape: Any = None) -> Inspection:
    """Inspect the model in a `.keras` or `.h5` file whose bytes are `content`."""
    inspection = inspect_model(load_model(path), input_shape)
    totals = dataclasses.replace(
        inspection.totals, file_bytes=len(content), gzip_bytes=files.gzip_bytes(content)
    )
    return dataclasses.replace(inspection, subject=str(path), totals=totals)


def _row(kernel: Kernel) -> KernelRow:
    values = np.asarray(keras.ops.convert_to_numpy(kernel.variable))
    return KernelRow(
        name=kernel.name,
        shape=kernel.shape,
        dtype=str(kernel.variable.dtype),
        zeros=values.size - int(np.count_nonzero(values)),
        bytes=values.nbytes,
        op=type(kernel.layer).__name__,
    )


def _uncounted(model: Any, kernels: list[Kernel]) -> tuple[Note, ...]:
    counted = {id(kernel.variable) for kernel in kernels}
    return tuple(
        Note(v.path, "zeros not counted: its layer does not say that it is a kernel")
        for v in model.trainable_variables
        if len(v.shape) > 1 and id(v) not in counted
    )
