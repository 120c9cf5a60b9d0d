"""One comparison of what a file computes with what it should: here, on a phone, in a report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison, and whether it held.

    Args:
        name: What was compared: `"outputs, ai-edge-litert with XNNPACK"`, on a phone the output's
            name in the signature.
        passed: Whether the error is within the tolerance.
        max_abs_error: Largest absolute difference; infinite where one side is finite and the other
            not; None, like the others, where nothing is subtracted.
        max_rel_error: The same over the largest value that was expected.
        rms_rel_error: Root mean square difference over that of what was expected.
        tolerance: The limit: of `rms_rel_error` for integer arithmetic, else of `max_rel_error`.
        detail: On what inputs, and what else was seen.
    """

    name: str
    passed: bool
    max_abs_error: float | None = None
    max_rel_error: float | None = None
    rms_rel_error: float | None = None
    tolerance: float | None = None
    detail: str = ""
