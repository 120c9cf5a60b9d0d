"""Take one network of proofs.strangers down the whole road, and write down what happened."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

import tfprune
from proofs.coverage_measure import measure
from proofs.coverage_models import Candidate, inputs_for, randomize
from proofs.coverage_table import Row
from proofs.strangers_counts import channels_of
from tfprune.errors import PruneError, first_line
from tfprune.tflite import read_tflite

_MACS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "TRANSPOSE_CONV")

# Samples that ranges are found on; no file is compared on one of them.
OTHERS = 32
# As many as docs/quantization.md asks for, where those do not do.
MANY = 256


@dataclass(kw_only=True)
class StrangerRow:
    """What was found out about one network.

    Args:
        name: Its function.
        what: What is particular about it.
        pruned: The row of `proofs.coverage`: reachable channels, oracle, reload, float32 file.
        clean: What a process without tfprune makes of the saved smaller model.
        masked: "equal" if wrapping, an update and stripping leave the planned zeros.
        float16, int8: "verified", or what happened.
        doctor: The verdict on the float16 file, on Android phones.
        aware: "verified", or what happened to the model trained in int8.
        int8_ops, ops: Of its ops that multiply and add up, how many are int8, and all.
        notes: What `quantize_model` left float, and why.
        others: How many samples ranges were found on that no file was compared on; 0 in rows
            measured earlier, whose ranges are those of the samples compared.
    """

    name: str
    what: str
    pruned: Row
    clean: str = ""
    masked: str = ""
    float16: str = ""
    int8: str = ""
    doctor: str = ""
    aware: str = ""
    int8_ops: int = 0
    ops: int = 0
    notes: list[str] = field(default_factory=list)
    others: int = 0

    def __post_init__(self) -> None:
        """Take the row of the coverage as JSON brings it, too."""
        if isinstance(self.pruned, dict):
            self.pruned = Row(**self.pruned)


def down_the_road(build: Callable[[], Any], folder: Path) -> StrangerRow:
    """Return the row of one network.

    Args:
        build: Builds it.
        folder: Where the smaller model is left as `NAME.keras`, with inputs and outputs as `.npz`.
    """
    name = build.__name__
    keras.utils.clear_session(free_memory=False)
    found: list[Row] = []
    candidate = Candidate(name, name, "strangers", build)
    measure(candidate, found.append)
    what = (build.__doc__ or "").rstrip(".")
    row = StrangerRow(name=name, what=what, pruned=found[-1], others=OTHERS)
    if row.pruned.failure:
        return row
    keras.utils.set_random_seed(0)
    model = build()
    channels, prunable, outputs, reasons = channels_of(model)
    counts = {"channels": channels, "prunable": prunable, "outputs": outputs, "notes": reasons}
    row.pruned = replace(row.pruned, **counts)
    randomize(model, np.random.default_rng(1))
    x = inputs_for(model, np.random.default_rng(2))
    others = inputs_for(model, np.random.default_rng(3), OTHERS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _try(lambda: _leave(model, x, folder / name))
        row.masked = _try(lambda: _masked(model, x))
        row.float16 = _try(lambda: _converted(model, x, folder, {"quantize": "float16"}))
        row.doctor = _try(lambda: tfprune.doctor(folder / "model.tflite").verdict)
        row.int8 = _int8(model, x, folder)
        row.aware = _try(lambda: _aware(model, x, others, folder, row))
    return row


def _try(step: Callable[[], str]) -> str:
    try:
        return step()
    except PruneError as error:
        return f"no: {error.found}"
    except Exception as error:
        return f"no: {type(error).__name__}: {first_line(error)}"


def _leave(model: Any, x: Any, path: Path) -> str:
    small = tfprune.prune_structured(model, 0.5, tfprune.criteria.Random(seed=0))
    small.save(f"{path}.keras")
    arrays = {f"x{i}": each for i, each in enumerate(keras.tree.flatten(x))}
    outputs = keras.tree.flatten(small(x, training=False))
    np.savez(f"{path}.npz", **arrays, **{f"y{i}": np.asarray(y) for i, y in enumerate(outputs)})
    return ""


def _fitted(model: Any, x: Any, **callbacks: Any) -> None:
    y = keras.tree.map_structure(np.asarray, model(x, training=False))
    model.compile("sgd", keras.tree.map_structure(lambda _: "mse", y))
    model.fit(x, y, verbose=0, **callbacks)


def _masked(model: Any, x: Any) -> str:
    wrapped = tfprune.prune_low_magnitude(model, tfprune.ConstantSparsity(0.5, 0, frequency=1))
    _fitted(wrapped, x, callbacks=[tfprune.UpdatePruningStep()])
    stripped = tfprune.strip_pruning(wrapped)
    zeros = tfprune.inspect(stripped).totals.sparsity
    return "planned" if zeros > 0.4 else f"only {zeros:.0%} zeros"


def _specs(model: Any, x: Any) -> Any:
    import tensorflow as tf

    names = iter([tensor._keras_history.operation.name for tensor in model.inputs])
    return keras.tree.map_structure(
        lambda a: tf.TensorSpec((1, *a.shape[1:]), a.dtype, name=next(names)), x
    )


def _converted(model: Any, x: Any, folder: Path, settings: dict[str, Any]) -> str:
    path = folder / "model.tflite"
    tfprune.convert(model, path, input_signature=_specs(model, x), **settings)
    result = tfprune.verify(model, path, x, samples=2, raise_on_failure=False)
    worst = max(check.max_rel_error for check in result.checks)
    return "verified" if result.passed else f"off by {worst:.0e}"


def _int8(model: Any, x: Any, folder: Path) -> str:
    said = ""
    for count in (OTHERS, MANY):
        others = inputs_for(model, np.random.default_rng(3), count)
        int8 = {"quantize": "int8", "representative_dataset": others}
        found = _try(lambda: _converted(model, x, folder, int8))  # noqa: B023  called at once
        said += found if count == OTHERS else f", with {count} {found}"
        if not found.startswith("off"):
            break
    return said


def _aware(model: Any, x: Any, others: Any, folder: Path, row: StrangerRow) -> str:
    told = _Told()
    logging.getLogger("tfprune").addHandler(told)
    try:
        aware = tfprune.quantize_model(model)
    finally:
        logging.getLogger("tfprune").removeHandler(told)
    row.notes = told.lines
    _fitted(aware, others)
    path = folder / "aware.tflite"
    tfprune.convert(aware, path, quantize="int8", input_signature=_specs(aware, x))
    file = read_tflite(path)
    ops = [op for op in file.all_ops if op.name in _MACS]
    row.ops = len(ops)
    row.int8_ops = sum("int8" in str(file.written_by(op)[0].dtype) for op in ops)
    result = tfprune.verify(aware, path, x, samples=2, raise_on_failure=False)
    worst = max(check.max_rel_error for check in result.checks)
    return "verified" if result.passed else f"off by {worst:.0e}"


class _Told(logging.Handler):
    """Keeps what was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())
