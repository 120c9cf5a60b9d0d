"""quantization_errors: quantize each layer alone, run it, rank the layers, try what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfprune import files
from tfprune.ablation.result import KeptFloat, LayerError, QuantizationErrors
from tfprune.ablation.running import Bench
from tfprune.ablation.weights import with_rounded_weights
from tfprune.errors import PruneError
from tfprune.export.aware import is_aware
from tfprune.export.calibrated import Calibrated, calibrate
from tfprune.export.calibration import samples as samples_of
from tfprune.export.converter import Settings
from tfprune.export.normalizations import VARIANCE
from tfprune.export.quiet import quiet
from tfprune.export.saved_model import export
from tfprune.layer_names import Names
from tfprune.linking.layer_ops import LayerOps, computes_in_float, ops_of
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.tflite.reading import read_tflite

MOST_KEPT = 5
# Keeping layers float helps if it takes half of the error away, and gives back most if it takes
# away nine tenths of what the best list does.
_HELPS, _MOST = 0.5, 0.9
_NO_OP = "no op of its own in the file: folded into a neighbour, or nothing to do in inference"
_NO_KERNEL = "computes in float, it has no integer kernel"
_MOVES = "it only moves values: it rounds nothing by itself"
_SPREAD = (
    "keeping a few layers float gives little back: the error is spread over the layers; "
    "quantize_model trains the model to bear it"
)


def quantization_errors(
    model: Any, data: Any, *, samples: int = 32, input_signature: Any = None
) -> QuantizationErrors:
    """Find out which layers lose most when a model becomes int8.

    The model is calibrated once. Then, layer by layer, a .tflite file is made in which this layer
    alone computes in int8, and its outputs are compared with those of the float file: what one
    layer's rounding does to the result. The same with its weights rounded and nothing else says
    how much of that the weights do. Last, int8 files that keep the worst layers float are made
    and run, so that the list suggested for `convert(..., keep_float=...)` is a measured one.

    Args:
        model: What `convert` takes: a built Keras model, a `.keras` path, a SavedModel folder or a
            tf_keras model. It is not changed.
        data: Inputs as the model sees them in training, 100 to 500 of them, in any form that
            `convert` takes for `representative_dataset`. All of them calibrate.
        samples: How many of them, evenly spread, are compared.
        input_signature: Input specs, for models that do not know their inputs.

    Returns:
        A `QuantizationErrors`: a row for each layer, the worst first.

    Raises:
        PruneError: the data does not fit, or the model can't be quantized.
        FileError: the model file can't be read.

    Example:
        >>> import keras, numpy as np
        >>> layers = [keras.layers.Dense(8, "relu", name="a"), keras.layers.Dense(2, name="b")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> found = quantization_errors(model, np.random.default_rng(0).normal(size=(16, 4)))
        >>> sorted(row.layer for row in found.rows)
        ['a', 'b']

    Measured on whole files, it is a layer-wise sensitivity analysis as in Wu et al., "Integer
    Quantization for Deep Learning Inference", arXiv:2004.09602, section 6.1.
    """
    if samples < 1:
        raise PruneError(f"samples={samples}", "at least one sample is needed", "samples=32")
    with files.temporary_folder() as own:
        folder, saved = str(own), str(own / "saved")
        with quiet():
            exported = export(model, saved, 1, input_signature)
        if is_aware(exported.model):
            raise PruneError(
                "find quantization errors",
                "the model comes from quantize_model and computes with int8 numbers already",
                "pass the model it was made from",
            )
        given, notes = samples_of(data, exported.inputs, exported.model)
        settings = Settings("int8", "float32", tuple(given))
        calibrated = calibrate(saved, exported.model, settings)
        chosen = given[:: max(1, len(given) // samples)][:samples]
        with Bench(folder, calibrated.content, chosen) as bench:
            found = _measured(calibrated, bench, len(chosen))
    return replace(found, notes=(*notes, *found.notes))


def _measured(calibrated: Calibrated, bench: Bench, samples: int) -> QuantizationErrors:
    whole = calibrated.quantized()
    error = bench.error(whole)
    rows = [_row(layer, calibrated, bench) for layer in track(calibrated.layers, "quantizing")]
    ranked = sorted((r for r in rows if r.error is not None), key=lambda r: -(r.error or 0.0))
    trials = _trials(ranked, calibrated, bench)
    suggestion = suggested(error, trials)
    others = [row for row in rows if row.error is None]
    notes = () if suggestion or not trials else (Note("keep_float", _SPREAD),)
    return QuantizationErrors(
        subject="model" if calibrated.model is None else calibrated.model.name,
        error=error,
        bytes=len(whole),
        samples=samples,
        rows=(*ranked, *others, *_without_ops(calibrated)),
        trials=trials,
        suggestion=suggestion,
        notes=notes,
    )


def _row(layer: LayerOps, calibrated: Calibrated, bench: Bench) -> LayerError:
    """Quantize one layer alone, run that file, and the float file with its rounded weights."""
    if layer.name in {other.name for other in calibrated.normalizations}:
        return LayerError(layer=layer.name, ops=layer.op_names, fused=layer.fused, reason=VARIANCE)
    content = calibrated.quantized(other for other in calibrated.layers if other is not layer)
    alone = read_tflite(content)
    ops = ops_of(layer, alone)
    # Ops with several outputs are left out by kind, for the sake of the other layers.
    floats = [op.name for op in ops if len(op.outputs) == 1 and computes_in_float(op, alone)]
    words = f"{', '.join(dict.fromkeys(floats))}: {_NO_KERNEL}" if floats else ""
    if all(computes_in_float(op, alone) for op in ops):
        return LayerError(
            layer=layer.name, ops=layer.op_names, fused=layer.fused, reason=words or _MOVES
        )
    error = bench.error(content)
    weights = bench.error(with_rounded_weights(layer, calibrated.tflite, alone))
    share = min(1.0, (weights / error) ** 2) if error else None
    return LayerError(
        layer=layer.name,
        ops=layer.op_names,
        fused=layer.fused,
        error=error,
        from_weights=share,
        reason=words,
    )


def _trials(
    ranked: Sequence[LayerError], calibrated: Calibrated, bench: Bench
) -> tuple[KeptFloat, ...]:
    """Measure int8 files that keep the first layer float, the first two, up to a quarter of all."""
    by_name = {layer.name: layer for layer in calibrated.layers}
    names = [row.layer for row in ranked]
    trials = []
    for count in range(1, min(MOST_KEPT, max(len(names) // 4, len(names) > 1)) + 1):
        content = calibrated.quantized(by_name[name] for name in names[:count])
        trials.append(KeptFloat(tuple(names[:count]), bench.error(content), len(content)))
    return tuple(trials)


def suggested(error: float, trials: Sequence[KeptFloat]) -> tuple[str, ...]:
    """Return the shortest list that gives back most of what can be had, if that helps at all.

    Example:
        >>> trials = [KeptFloat(("a",), 0.05, 9), KeptFloat(("a", "b"), 0.045, 11)]
        >>> suggested(0.3, trials), suggested(0.051, trials)
        (('a',), ())
    """
    gains = [error - trial.error for trial in trials]
    most = max(gains, default=0.0)
    if most < _HELPS * error:
        return ()
    return next(t.layers for t, gain in zip(trials, gains, strict=True) if gain >= _MOST * most)


def _without_ops(calibrated: Calibrated) -> list[LayerError]:
    present = {part for layer in calibrated.layers for n in layer.names for part in n.split("/")}
    paths = Names(calibrated.model).where(lambda layer: layer.name not in present)
    return [LayerError(layer="/".join(path), reason=_NO_OP) for path in paths]
