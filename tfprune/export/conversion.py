"""Keras model to .tflite: quantization, sparse encoding where it is safe, an honest report."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tfprune import files
from tfprune.diagnosis import Finding, diagnose
from tfprune.errors import PruneError
from tfprune.export.arguments import check_modes, check_path, check_weights
from tfprune.export.aware import check_aware, is_aware
from tfprune.export.int4 import load_quantizer
from tfprune.export.quiet import quiet
from tfprune.export.result import ConvertResult
from tfprune.layer_names import Selectors
from tfprune.notes import Note
from tfprune.runtimes import SPARSE_RULES
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.reading import read_tflite
from tfprune.tflite.tensor import Tensor

if TYPE_CHECKING:
    from tfprune.export.calibration import Sample
    from tfprune.export.specs import Exported

_CALIBRATED = ("int8", "int16x8")
# Source: kMinSparsityLevel in tensorflow/compiler/mlir/lite/transforms/dense_to_sparse_pass.cc.
_ENCODED_FROM = 0.3


def convert(
    model: Any,
    path: str | os.PathLike[str],
    quantize: str | None = None,
    representative_dataset: Any = None,
    *,
    sparse: bool | str = "auto",
    io_dtype: str = "float32",
    batch_size: int | None = 1,
    input_signature: Any = None,
    keep_float: Selectors = (),
) -> ConvertResult:
    """Convert a model to a .tflite file, written whole or not at all.

    Args:
        model: A built Keras model (still wrapped for pruning or stripped), a `.keras` path, a
            SavedModel folder, or a tf_keras model. It is not changed.
        path: The file to write; it ends in `.tflite`.
        quantize: None (float32), `"float16"` (weights), `"dynamic"` (int8 weights, activations
            quantized on the fly), `"int8"` (weights and activations), `"int16x8"` (int16
            activations, int8 weights) or `"int4"` (int4 weights of Dense and convolutions, int8
            for the rest, activations quantized on the fly; it needs the extra `int4`).
        representative_dataset: Inputs for `"int8"` and `"int16x8"`, 100 to 500 of them, as the
            model sees them in training, in any form that `fit` takes, or a path: docs/data.md. A
            model from `quantize_model` needs none.
        sparse: `"auto"` stores weights sparse where the file becomes smaller and the result is
            known to be right on every CPU; True insists on it; False never does.
        io_dtype: `"float32"`, or `"int8"` for the inputs and outputs of an int8 model.
        batch_size: The fixed batch size; None leaves it open.
        input_signature: Input specs, for models that do not know their inputs.
        keep_float: The layers that stay float in an int8 or int4 file (see `tfprune.layer_names`),
            as `tfprune.quantization_errors` may suggest them: `["head", "block_3_*"]`.

    Returns:
        A `ConvertResult`: sizes, where each kernel went, and what was not done as asked.

    Raises:
        PruneError: the arguments do not fit the model, or `sparse=True` is not safe.
        MissingExtra: `"int4"` without ai-edge-quantizer.
        FileError: the model file can't be read, or `path` can't be written.

    Example:
        >>> import keras, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> result = convert(model, tempfile.mkdtemp() + "/model.tflite")
        >>> result.quantize, result.sparse
        (None, False)
    """
    check_path(path)
    check_modes(
        quantize, sparse=sparse, io_dtype=io_dtype, batch_size=batch_size, keep_float=keep_float
    )
    from tfprune.export import converter, quantizing, saved_model
    from tfprune.linking import link_kernels

    if quantize == "int4":
        load_quantizer()
    with files.temporary_folder() as own:
        folder = str(own)
        with quiet():
            exported = saved_model.export(model, folder, batch_size, input_signature)
        check_weights(exported.model)
        check_aware(exported.model, quantize, keep_float)
        aware = is_aware(exported.model)
        calibrated = quantize in _CALIBRATED and not aware
        data, said = _calibration(representative_dataset, exported) if calibrated else ((), ())
        settings = converter.Settings(quantize, io_dtype, data)
        content, kept = quantizing.quantized(folder, exported.model, settings, keep_float)
        tflite, is_sparse, reason = _sparse(folder, settings, read_tflite(content), sparse)
    kernels, missing = link_kernels(exported.model, tflite)
    result = ConvertResult(
        path=str(path),
        quantize=quantize,
        bytes=tflite.bytes,
        gzip_bytes=tflite.gzip_bytes,
        sparse=is_sparse,
        sparse_reason=reason,
        kernels=kernels,
        notes=(
            *exported.notes,
            *said,
            *_unused(quantize, representative_dataset, aware),
            *converter.select_ops(tflite),
            *missing,
            *quantizing.notes_on_precision(
                tflite, exported.model, kernels, quantize, aware=aware, left=kept
            ),
        ),
    )
    files.write_bytes(path, tflite.content)  # last, so that a failure leaves no file
    return result


def _sparse(
    folder: str, settings: Any, dense: TFLiteModel, sparse: bool | str
) -> tuple[TFLiteModel, bool, str]:
    """Return the file to keep, whether it is stored sparse, and why."""
    if sparse is False:
        return dense, False, "sparse=False: stored dense as asked"
    encoded, reason = _encode(folder, settings, dense)
    if encoded is None and sparse is True:
        raise PruneError(
            "convert with sparse=True",
            reason,
            "change what the reason names, or use sparse='auto', which stores it dense then",
        )
    return (dense, False, reason) if encoded is None else (encoded, True, reason)


def _encode(folder: str, settings: Any, dense: TFLiteModel) -> tuple[TFLiteModel | None, str]:
    """Return the sparsely stored file if it is right on every CPU and smaller, and the reason."""
    from tfprune.export import converter

    if integers := [
        t for t in dense.all_tensors if t.quantized and t.is_constant and len(t.shape) > 1
    ]:
        found = f"are {' and '.join(sorted({t.dtype for t in integers}))}"
        return None, _because(Finding.of("quantization", f"{len(integers)} of its kernels", found))
    expected = diagnose(dense, as_if_sparse=True)
    if not expected.safe:
        return None, expected.reason
    if not any(map(_is_encoded, dense.all_tensors)):
        share = f"{100 * _ENCODED_FROM:.0f} %"
        found = f"no weight has {share} zeros, from which the converter stores it sparse"
        return None, _because(Finding.of("storage", "the file:", found))
    encoded = read_tflite(converter.run(folder, settings, sparse=True))
    found_in = diagnose(encoded)
    if not found_in.safe:
        return None, found_in.reason
    if slow := [finding for finding in found_in.findings if finding.rule == "densify"]:
        return None, _because(slow[0])
    if encoded.bytes >= dense.bytes:
        sizes = f"sparse storage takes {encoded.bytes} bytes, dense storage {dense.bytes}"
        return None, _because(Finding.of("storage", "the file:", sizes))
    if found_in.verdict == "safe":
        return encoded, found_in.reason
    return encoded, f"stored sparse to save bytes; {found_in.reason}"


def _is_encoded(tensor: Tensor) -> bool:
    """Whether the converter may store a tensor sparse: a second conversion costs as the first."""
    weight = tensor.is_constant and len(tensor.shape) > 1 and tensor.dtype.startswith("float")
    return weight and tensor.zeros() >= _ENCODED_FROM * tensor.size


def _because(finding: Finding) -> str:
    return f"{finding}; {SPARSE_RULES[finding.rule].says}"


def _calibration(data: Any, exported: Exported) -> tuple[tuple[Sample, ...], tuple[Note, ...]]:
    from tfprune.export.calibration import samples

    found, notes = samples(data, exported.inputs, exported.model)
    return tuple(found), notes


def _unused(quantize: str | None, data: Any, aware: bool) -> tuple[Note, ...]:
    if data is None or (quantize in _CALIBRATED and not aware):
        return ()
    why = "a model from quantize_model" if aware else f"quantize={quantize!r}"
    return (Note("representative_dataset", f"not used: {why} needs no calibration"),)
