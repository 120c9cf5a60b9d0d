"""Results as tables for the terminal: pure functions from a result to something rich prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tfprune.notes import Note
from tfprune.reports import wording
from tfprune.reports.record import ModelRow, RunReport

if TYPE_CHECKING:
    from tfprune.bench import BenchmarkResult
    from tfprune.export import ConvertResult
    from tfprune.inspection import Inspection
    from tfprune.verification import VerifyResult


def summary_table(report: RunReport) -> Group:
    """Return the table of a run: a line for each model, and its notes below, numbered."""
    table = plain_table(
        report.title,
        "model",
        ["accuracy", "sparsity", ".tflite bytes", "gzip bytes", "median ms", "p10 to p90", "ratio"],
        "notes",
    )
    numbers = number_notes(report.models)
    for model in report.models:
        table.add_row(
            escape(model.label),
            wording.percent(model.accuracy),
            wording.percent(model.sparsity),
            wording.count(model.bytes),
            wording.count(model.gzip_bytes),
            wording.milliseconds(model.median_ms),
            wording.spread(model.p10_ms, model.p90_ms),
            wording.ratio(model.ratio),
            " ".join(str(numbers[note]) for note in model.notes),
        )
    footnotes = [Text(f"{number} {note}") for note, number in numbers.items()]
    return Group(table, *footnotes)


def number_notes(models: Iterable[ModelRow]) -> dict[str, int]:
    """Return each different note with the number it bears, in the order of appearance.

    Example:
        >>> number_notes([ModelRow("a", "a.tflite", 1, 1, notes=("slow", "old"))])
        {'slow': 1, 'old': 2}
    """
    notes = dict.fromkeys(note for model in models for note in model.notes)
    return {note: number for number, note in enumerate(notes, 1)}


def inspection_table(inspection: Inspection) -> Group:
    """Return the layers and the kernels of a model, their sums and what was not counted."""
    totals = inspection.totals
    lines = [
        f"{wording.count(totals.params)} parameters, {wording.count(totals.kernel_params)} of them "
        f"in kernels; {wording.count(totals.zeros)} zeros: {wording.percent(totals.sparsity)}"
    ]
    if inspection.layers:
        lines.append(_cost(inspection))
    if totals.file_bytes is not None:
        lines.append(
            f"file {wording.count(totals.file_bytes)} bytes, "
            f"gzip {wording.count(totals.gzip_bytes)} bytes"
        )
    tables = [_layers(inspection)] * bool(inspection.layers) + [_kernels(inspection)]
    return Group(*tables, *map(Text, lines), *_notes(inspection.notes))


def _layers(inspection: Inspection) -> Table:
    """Return the layers that multiply, or whose cost is not known; the others are one line."""
    columns = ["output shape", "params", "MACs", "share"]
    table = plain_table(inspection.subject, "layer", columns, "type")
    total = sum(layer.macs or 0 for layer in inspection.layers)
    rest = [layer for layer in inspection.layers if layer.macs == 0]
    for layer in inspection.layers:
        if layer.macs != 0:
            known = layer.macs is not None and total > 0
            table.add_row(
                escape(layer.name.split(";")[0]),  # a fused op joins many names
                wording.shape(layer.output_shape),
                wording.count(layer.params),
                "unknown" if layer.macs is None else wording.amount(layer.macs),
                wording.percent((layer.macs or 0) / total if known else None),
                escape(layer.op),
            )
    if rest:
        params = wording.count(sum(layer.params for layer in rest))
        table.add_row(f"{len(rest)} more, without MACs", "", params, "0", "", "")
    return table


def _cost(inspection: Inspection) -> str:
    known = sum(layer.macs or 0 for layer in inspection.layers)
    least = "" if inspection.totals.macs is not None else "at least "
    activations = inspection.totals.activations
    outputs = "an open number of" if activations is None else wording.amount(activations)
    return (
        f"{least}{wording.amount(known)} MACs (multiply-accumulates: {wording.count(known)}), "
        f"{outputs} activations"
    )


def _kernels(inspection: Inspection) -> Table:
    stored = inspection.kind == "tflite"
    columns = ["shape", "dtype", "params", "zeros", "sparsity", "bytes"]
    title = "" if inspection.layers else inspection.subject
    table = plain_table(title, "kernel", columns + ["stored"] * stored, "stored as")
    for row in inspection.rows:
        extra = [wording.count(row.stored_bytes)] if stored else []
        table.add_row(
            escape(row.name),
            wording.shape(row.shape),
            row.dtype,
            *map(wording.count, (row.params, row.zeros)),
            wording.percent(row.sparsity),
            wording.count(row.bytes),
            *extra,
            " ".join(["sparse"] * row.sparse + ["quantized"] * row.quantized) or "dense",
        )
    return table


def convert_table(result: ConvertResult) -> Group:
    """Return what a conversion wrote."""
    facts = [
        f"{result.path}: {wording.count(result.bytes)} bytes, "
        f"gzip {wording.count(result.gzip_bytes)} bytes",
        f"quantize: {result.quantize or 'none'}",
        f"stored {'sparse' if result.sparse else 'dense'}: {result.sparse_reason}",
        f"{len(result.kernels)} kernels linked to tensors",
    ]
    return Group(*map(Text, facts), *_notes(result.notes))


def verify_table(result: VerifyResult) -> Group:
    """Return the checks of one file, and the kernels whose zeros were counted."""
    columns = ["max abs error", "max rel error", "tolerance", "result"]
    table = plain_table(f"{result.path} ({result.precision})", "check", columns, "detail")
    for check in result.checks:
        table.add_row(
            escape(check.name),
            wording.error(check.max_abs_error),
            wording.error(check.max_rel_error),
            wording.error(check.tolerance),
            "[green]passed[/]" if check.passed else "[red]FAILED[/]",
            escape(check.detail),
        )
    before = sum(k.zeros_before for k in result.kernels)
    after = sum(k.zeros_after for k in result.kernels)
    line = (
        f"{len(result.kernels)} kernels: {wording.count(before)} zeros in Keras, "
        f"{wording.count(after)} in the file"
    )
    lines = [f"ran on {result.target}: {result.how}"] * (result.target != "host") + [line]
    lines += [f"first difference: {result.culprit}"] * (result.culprit is not None)
    return Group(table, *map(Text, lines), *_notes(result.notes))


def benchmark_table(result: BenchmarkResult) -> Group:
    """Return the latencies, the first model being the baseline, and how they were taken."""
    columns = ["bytes", "load ms", "min ms", "median ms", "p10 to p90", "ratio", "peak memory"]
    table = plain_table("latency", "model", columns)
    for row in result.rows:
        table.add_row(
            escape(row.label),
            wording.count(row.bytes),
            wording.milliseconds(row.load_ms),
            wording.milliseconds(row.min_ms),
            wording.milliseconds(row.median_ms),
            wording.spread(row.p10_ms, row.p90_ms),
            wording.ratio(row.ratio),
            wording.size(row.peak_memory_bytes),
        )
    facts = [f"{name}: {value}" for name, value in {**result.settings, **result.host}.items()]
    return Group(table, Text("; ".join(facts)), *_notes(result.notes))


def plain_table(title: str, first: str, numbers: Sequence[str], last: str | None = None) -> Table:
    """Return an empty table: a column of names, columns of numbers, and perhaps one of words."""
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    if last is not None:
        table.add_column(last, overflow="fold")
    return table


def _notes(notes: Iterable[Note]) -> list[Any]:
    return [Text(f"note: {note}") for note in notes]
