"""Random data that stay inside the ranges an integer file was calibrated for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfprune.runners import Runner, TensorSpec
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.tensor import Tensor
from tfprune.verification.reference import Arrays

SPREADS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""By what drawn values are multiplied, the first that fits is taken: towards 0, which every range
holds, activations shrink with them but for the biases."""

MOST_CLIPPED = 0.02
"""The share of a tensor's values at its limits up to which data count as inside its range. Trained
on digits, the demo's int8 file clips 0.2 of its scores on noise in its input's whole range and is
off by 0.39 of the output; 0.014 at a quarter of it, off by 0.02."""

_INTEGERS = ("int8", "uint8", "int16")
_TRIED = 4
# They end where the arithmetic ends, not where calibration stopped (by op, by fused activation).
_BOUNDED = {"LOGISTIC", "TANH", "SOFTMAX", "L2_NORMALIZATION", "RELU6", "RELU_N1_TO_1", "MINIMUM"}
_FUSED_BOUNDED = (2, 3, 4)  # schema.fbs, ActivationFunctionType: RELU_N1_TO_1, RELU6, TANH


def input_range(spec: TensorSpec, tflite: TFLiteModel) -> tuple[float, float]:
    """Return the real values that an input can take: [0, 1] unless the file quantizes it."""
    readers = [op for op in tflite.ops if op.name == "QUANTIZE" and spec.index in op.inputs]
    tensor = tflite.tensors[readers[0].outputs[0] if readers else spec.index]
    if not tensor.quantized or tensor.dtype not in _INTEGERS:
        return 0.0, 1.0
    limits = np.iinfo(tensor.dtype)
    low, high = ((n - tensor.zero_points[0]) * tensor.scales[0] for n in (limits.min, limits.max))
    return float(low), float(high)


def shrunk(batches: Sequence[Arrays], spread: float) -> list[Arrays]:
    """Return batches with their floats multiplied by `spread`; integers stay."""
    return [
        {
            name: (values * np.float32(spread) if values.dtype.kind == "f" else values)
            for name, values in batch.items()
        }
        for batch in batches
    ]


def fitting_spread(
    path: str,
    batches: Sequence[Arrays],
    order: Mapping[str, int],
    tflite: TFLiteModel,
    runtime: str,
) -> float:
    """Return the first of `SPREADS` at which the file clips little, else the one that clips least.

    Args:
        path: The file.
        batches: What was drawn, by input name.
        order: The position in the file of each input.
        tflite: The file.
        runtime: As in `verify`.

    Raises:
        PruneError: the file does not run on the builtin kernels.
    """
    made = [tensor for op in tflite.ops for tensor in _calibrated(op, tflite)]
    names = sorted(order, key=lambda name: order[name])
    if not any(values.dtype.kind == "f" for values in batches[0].values()):
        return 1.0
    shares: dict[float, float] = {}
    with Runner(path, runtime=runtime, xnnpack=False, keep_all=True) as runner:
        for spread in SPREADS:
            worst = []
            for batch in shrunk(batches[:_TRIED], spread):
                runner.run([batch[name] for name in names])
                values = runner.tensors([tensor.index for tensor in made])
                pairs = zip(values, made, strict=True)
                worst.append(max((clipped(v, t) for v, t in pairs), default=0.0))
            shares[spread] = float(np.mean(worst))
            if shares[spread] <= MOST_CLIPPED:
                return spread
    return min(shares, key=lambda spread: shares[spread])


def clipped(values: np.ndarray, tensor: Tensor) -> float:
    """Return the share of a tensor's values that lie at the ends of its range.

    Below a zero point at the lower end lies nothing that calibration could have seen: it is the
    end of a relu.

    Example:
        >>> stored = {"dtype": "int8", "scales": (0.5,), "zero_points": (-128,)}
        >>> tensor = Tensor(index=0, name="x", shape=(4,), **stored)
        >>> clipped(np.array([127, -128, 0, 3], np.int8), tensor)
        0.25
    """
    limits = np.iinfo(tensor.dtype)
    at_end = values == limits.max
    if tensor.zero_points[0] != limits.min:
        at_end |= values == limits.min
    return float(at_end.mean()) if at_end.size else 0.0


def _calibrated(op: Op, tflite: TFLiteModel) -> list[Tensor]:
    """Return the outputs of an op whose range comes from calibration."""
    if op.name in _BOUNDED or op.options.get("fusedActivationFunction") in _FUSED_BOUNDED:
        return []
    read = [tflite.tensors[i] for i in op.inputs if i >= 0]
    before = {(t.scales, t.zero_points) for t in read if t.dtype in _INTEGERS}
    written = [tflite.tensors[i] for i in op.outputs]
    return [
        tensor
        for tensor in written
        if tensor.quantized
        and tensor.dtype in _INTEGERS
        and (tensor.scales, tensor.zero_points) not in before  # it only moves values
    ]
