"""Prune one model and hold the smaller one against the original with its channels silenced."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfprune
from proofs.coverage_models import Candidate, inputs_for, randomize
from proofs.coverage_table import EXACT, Row
from tfprune.channels import Group, trace
from tfprune.errors import PruneError, first_line
from tfprune.graph import clone_layer
from tfprune.keras_facts import kernels_of
from tfprune.surgery.shrinking import shrink

RATIOS = (0.3, 0.5)
OUTPUT = "an output of the model"


def measure(candidate: Candidate, save: Callable[[Row], None]) -> None:
    """Fill the row of one model, step by step, so that what is known survives an interruption.

    Args:
        candidate: The model.
        save: Called with the row after each step.
    """
    row = Row(candidate.name, candidate.family, candidate.library)
    started = time.perf_counter()

    def update(**found: Any) -> None:
        nonlocal row
        seconds = round(time.perf_counter() - started, 1)
        row = Row(**{**asdict(row), **found, "seconds": seconds})
        save(row)

    try:
        keras.utils.set_random_seed(0)
        model = candidate.build()
        randomize(model, np.random.default_rng(1), candidate.gain)
        x = inputs_for(model, np.random.default_rng(2))
        update(**_structure(model))
        small = _differences(candidate.build, model, x, update)
        update(reloaded=_reloaded(small, x))
    except PruneError as error:
        update(failure=f"not pruned: {error.found}")
        return
    except Exception as error:
        update(failure=f"{type(error).__name__}: {first_line(error)}")
        return
    update(tflite="not converted")
    update(**_converted(small, x))


def _structure(model: Any) -> dict[str, Any]:
    structure = trace(model)
    groups = structure.groups
    channels, prunable, outputs = count_channels(structure.model, groups)
    reasons = {group.kept_whole for group in groups} - {None, OUTPUT}
    notes = [f"{note.subject}: {note.reason}" for note in structure.notes]
    return {
        "groups": len(groups),
        "channels": channels,
        "prunable": prunable,
        "outputs": outputs,
        "parameters": model.count_params(),
        "notes": notes[:8] or sorted(reasons)[:4],
    }


def count_channels(model: Any, groups: list[Group]) -> tuple[int, int, int]:
    """Return how many output channels all kernels have, may be pruned, and are model outputs.

    The output channels of a kernel are the positions on its output axes: 64 for a convolution
    with 64 filters, heads times their size for an attention projection.
    """
    return count_of_kernels(kernels_of(model), groups)


def count_of_kernels(kernels: Iterable[Any], groups: list[Group]) -> tuple[int, int, int]:
    """Return the same counts as `count_channels` for some kernels."""
    free: dict[tuple[int, int], np.ndarray] = {}
    out: dict[tuple[int, int], np.ndarray] = {}
    for group in groups:
        if group.kept_whole in (None, OUTPUT):
            found = free if group.kept_whole is None else out
            for member in group.members:
                place = id(member.variable), member.axis
                found[place] = found.get(place, False) | (member.units >= 0)
    total = prunable = outputs = 0
    for kernel in kernels:
        total += int(np.prod([kernel.shape[axis] for axis in kernel.out_axes]))
        prunable += _marked(kernel, free)
        outputs += _marked(kernel, out)
    return total, prunable, outputs


def _marked(kernel: Any, marks: dict[tuple[int, int], np.ndarray]) -> int:
    """Count the output channels of a kernel that are marked along any of its output axes."""
    found = np.zeros([kernel.shape[axis] for axis in kernel.out_axes], bool)
    for place, axis in enumerate(kernel.out_axes):
        mark = marks.get((id(kernel.variable), axis))
        if mark is not None:
            line = [1] * found.ndim
            line[place] = len(mark)
            found |= mark.reshape(line)
    return int(found.sum())


def _differences(build: Callable[[], Any], model: Any, x: Any, update: Callable[..., None]) -> Any:
    """Compare at each ratio; return the model of the last one."""
    differences: dict[str, float] = {}
    in_float64: dict[str, float] = {}
    told_apart: dict[str, float] = {}
    for ratio in RATIOS:
        plan = _plan(model, ratio)
        small, shared = shrink(plan.structure, plan.kept)
        silenced = _run(plan.masked(), x)
        told_apart[str(ratio)] = between_samples(silenced)
        found = differences[str(ratio)] = difference(_run(small, x), silenced)
        if found > EXACT:
            in_float64[str(ratio)] = difference_in_float64(build, model, x, ratio)
        update(
            differences=differences,
            told_apart=told_apart,
            in_float64=in_float64,
            parameters_after=small.count_params(),
            predicted=plan.size.params_after == small.count_params(),
            shared=[note.subject for note in shared],
        )
    return small


def _plan(model: Any, ratio: float) -> Any:
    return tfprune.plan_structured(model, ratio, tfprune.criteria.Random(seed=0))


def difference_in_float64(build: Callable[[], Any], model: Any, x: Any, ratio: float) -> float:
    """Return the difference that a float64 model of the same weights has: without the rounding.

    Args:
        build: Builds the model in Keras' default precision.
        model: The model, whose weights are taken.
        x: Its inputs.
        ratio: The share of units removed.
    """
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        precise = build()
        for target, source in zip(precise.variables, model.variables, strict=True):
            target.assign(source.numpy())
        plan = _plan(precise, ratio)
        return difference(_run(plan.apply(), x), _run(plan.masked(), x))
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def _run(model: Any, x: Any) -> list[np.ndarray]:
    return [np.asarray(y) for y in keras.tree.flatten(model(x, training=False))]


def difference(one: list[np.ndarray], two: list[np.ndarray]) -> float:
    """Return the largest difference of any output, as a share of that output's largest value."""
    return max(
        float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-9))
        for a, b in zip(one, two, strict=True)
    )


def between_samples(outputs: list[np.ndarray]) -> float:
    """Return by how much the first two samples differ, as a share of the largest output."""
    return difference([y[:1] for y in outputs], [y[1:2] for y in outputs])


def _reloaded(small: Any, x: Any) -> str:
    """Say whether the model computes the same after saving and loading."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            small.save(path)
            again = keras.models.load_model(path)
        except Exception as error:
            return _why_not_loaded(small, error)
        equal = all(
            np.array_equal(a, b) for a, b in zip(_run(small, x), _run(again, x), strict=True)
        )
    return "equal" if equal else f"differs by {difference(_run(again, x), _run(small, x)):.0e}"


def _why_not_loaded(small: Any, error: Exception) -> str:
    """Name the layer that does not come back from its own config, if there is one."""
    for layer in small.layers:
        try:
            clone_layer(layer)
        except Exception:
            return f"no: {type(layer).__name__} does not come back from its own config"
    return f"no: {first_line(error)}"


def _converted(small: Any, x: Any) -> dict[str, Any]:
    """Convert to float32 and compare with Keras, with XNNPACK and without."""
    specs = keras.tree.map_structure(lambda a: tf.TensorSpec((1, *a.shape[1:]), a.dtype), x)
    names = iter([tensor._keras_history.operation.name for tensor in small.inputs])
    specs = keras.tree.map_structure(
        lambda spec: tf.TensorSpec(spec.shape, spec.dtype, name=next(names)), specs
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.tflite")
        try:
            tfprune.convert(small, path, sparse=False, input_signature=specs)
            result = tfprune.verify(small, path, x, samples=2, raise_on_failure=False)
        except Exception as error:
            found = error.found if isinstance(error, PruneError) else first_line(error)
            needs = "Select TensorFlow op(s)" in str(error)
            return {"tflite": f"no: {'it needs ops of TensorFlow itself' if needs else found}"}
    worst = max(check.max_rel_error for check in result.checks)
    return {"tflite": "equal" if worst <= 1e-4 else "differs", "tflite_difference": worst}
