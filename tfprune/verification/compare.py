"""Compare arrays that should be equal up to rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfprune.verification.tolerance import Tolerance


@dataclass(frozen=True)
class Errors:
    """How far two arrays are apart.

    Args:
        max_abs: Largest absolute difference; infinite where only one of the two is finite.
        max_rel: The same over the largest |expected|.
        rms_rel: Root mean square difference over that of `expected`.
        detail: What else was seen, `""` if nothing.
    """

    max_abs: float
    max_rel: float
    rms_rel: float
    detail: str = ""


def measure(expected: np.ndarray, found: np.ndarray) -> Errors:
    """Measure the difference of two arrays of one shape.

    Values that are NaN or infinite in both, alike, are left out and counted in `detail`; values
    that are not finite in one only make every error infinite. Integers and booleans, which are
    indices or decisions, differ or not: their errors are the share that differs.

    Example:
        >>> errors = measure(np.array([2.0, -4.0]), np.array([2.0, -3.0]))
        >>> errors.max_abs, errors.max_rel
        (1.0, 0.25)
        >>> measure(np.array([np.nan]), np.array([1.0])).max_abs
        inf
    """
    if not np.issubdtype(expected.dtype, np.floating):
        share = float(np.mean(expected != found)) if expected.size else 0.0
        return Errors(share, share, share, f"{share:.1%} of the integers differ" if share else "")
    a, b = expected.astype(np.float64), found.astype(np.float64)
    odd = ~(np.isfinite(a) & np.isfinite(b))
    alike = (a == b) | (np.isnan(a) & np.isnan(b))
    if np.any(odd & ~alike):
        words = f"{int(np.sum(odd & ~alike))} values are NaN or infinite on one side only"
        return Errors(np.inf, np.inf, np.inf, words)
    detail = f"{int(odd.sum())} values are NaN or infinite on both sides" if odd.any() else ""
    a, b = a[~odd], b[~odd]
    difference = np.abs(a - b)
    largest = float(difference.max(initial=0.0))
    return Errors(
        largest,
        _over(largest, float(np.abs(a).max(initial=0.0))),
        _over(_rms(difference), _rms(a)),
        detail,
    )


def is_within(errors: Errors, tolerance: Tolerance, allowance: float = 0.0) -> bool:
    """Whether the errors stay within the tolerance, plus a relative `allowance`."""
    error = errors.rms_rel if tolerance.by_rms else errors.max_rel
    return error <= tolerance.limit + allowance


def agrees(errors: Errors, expected: np.ndarray, tolerance: Tolerance, step: float) -> bool:
    """Whether the errors stay within the tolerance, plus one step of a quantized output.

    Args:
        errors: Of `measure`.
        expected: What was expected, in real values.
        tolerance: How large the errors may be, relative to `expected`.
        step: What one step of the output stands for; 0 if it is not quantized.

    Example:
        >>> expected, off = np.zeros(2), np.array([0.0, 0.5])
        >>> int8 = Tolerance(0.2, True, "")
        >>> [agrees(measure(expected, off), expected, int8, step) for step in (0.5, 0.25)]
        [True, False]
    """
    rms = _rms(expected)
    allowance = step / rms if rms > 0 else 0.0
    return is_within(errors, tolerance, allowance) or errors.max_abs <= step * (1 + 1e-6)


def agreement(expected: np.ndarray, found: np.ndarray, margin: float) -> tuple[float, int, int]:
    """Compare the winning classes of two arrays (samples, classes).

    Args:
        expected: Keras' scores.
        found: The file's scores.
        margin: How far the first class must be ahead of the second for a sample to be sure.

    Returns:
        The share of samples with the same winner, how many samples Keras is sure of, and how
        many of these have another winner.

    Example:
        >>> keras = np.array([[0.9, 0.1], [0.51, 0.49]])
        >>> agreement(keras, np.array([[0.8, 0.2], [0.4, 0.6]]), margin=0.1)
        (0.5, 1, 0)
    """
    same = expected.argmax(-1) == found.argmax(-1)
    second, first = np.sort(expected, axis=-1)[:, -2:].T
    sure = first - second > margin
    return float(same.mean()), int(sure.sum()), int(np.sum(sure & ~same))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) if values.size else 0.0


def _over(error: float, scale: float) -> float:
    return error / scale if scale > 0 else (0.0 if error == 0 else np.inf)
