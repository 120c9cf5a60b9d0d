"""A verification as a table."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.tables import noted, plain_table, wording
from tfprune.verification.golden import GoldenSample
from tfprune.verification.result import VerifyResult


def verify_table(result: VerifyResult) -> Group:
    """Return the checks of one file, and the kernels whose zeros were counted."""
    columns = ["max abs error", "max rel error", "tolerance", "result"]
    table = plain_table(f"{result.path} ({result.precision})", "check", columns, "detail")
    for check in result.checks:
        table.add_row(
            check.name,
            wording.error(check.max_abs_error),
            wording.error(check.max_rel_error),
            wording.error(check.tolerance),
            Text("passed", "green") if check.passed else Text("FAILED", "red"),
            check.detail,
        )
    before = sum(k.zeros_before for k in result.kernels)
    after = sum(k.zeros_after for k in result.kernels)
    line = (
        f"{len(result.kernels)} kernels: {wording.count(before)} zeros in Keras, "
        f"{wording.count(after)} in the file"
    )
    lines = [f"ran on {result.target}: {result.how}"] * (result.target != "host") + [line]
    lines += [f"first difference: {result.culprit}"] * (result.culprit is not None)
    lines += [result.advice] * bool(result.advice)
    return Group(table, *map(Text, lines), *noted(result.notes))


def golden_table(sample: GoldenSample) -> Group:
    """Return what goes in and comes out, and how far an output may be off."""
    title = f"{sample.path}: {sample.samples} golden samples of {sample.file}"
    table = plain_table(title, "tensor", ["type", "tolerance"], "unit")
    for side, tensors in (("input", sample.inputs), ("output", sample.outputs)):
        for tensor in tensors:
            unit = "" if tensor.tolerance is None else "steps" if tensor.scale else tensor.dtype
            table.add_row(
                f"{side} {tensor.name}", tensor.dtype, wording.error(tensor.tolerance), unit
            )
    return Group(table, Text(f"made by {sample.runtime}"), *noted(sample.notes))
