"""An inspection as tables."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.inspection.records import Inspection
from tfprune.tables import Rows, noted, plain_table, wording


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
    return Group(*tables, *map(Text, lines), *noted(inspection.notes))


def _layers(inspection: Inspection) -> Rows:
    """Return the layers that multiply, or whose cost is not known; the others are one line."""
    columns = ["output shape", "params", "MACs", "share"]
    table = plain_table(inspection.subject, "layer", columns, "type")
    total = sum(layer.macs or 0 for layer in inspection.layers)
    rest = [layer for layer in inspection.layers if layer.macs == 0]
    for layer in inspection.layers:
        if layer.macs != 0:
            known = layer.macs is not None and total > 0
            table.add_row(
                layer.name.split(";")[0],  # a fused op joins many names
                wording.shape(layer.output_shape),
                wording.count(layer.params),
                "unknown" if layer.macs is None else wording.amount(layer.macs),
                wording.percent((layer.macs or 0) / total if known else None),
                layer.op,
            )
    if rest:
        params = wording.count(sum(layer.params for layer in rest))
        table.add_row(f"{len(rest)} more, without MACs", "", params, "0", "", "")
    return table


def _cost(inspection: Inspection) -> str:
    known = inspection.totals.counted_macs or 0
    least = "" if inspection.totals.macs is not None else "at least "
    activations = inspection.totals.activations
    outputs = "an open number of" if activations is None else wording.amount(activations)
    return (
        f"{least}{wording.amount(known)} MACs (multiply-accumulates: {wording.count(known)}), "
        f"{outputs} activations"
    )


def _kernels(inspection: Inspection) -> Rows:
    stored = inspection.kind == "tflite"
    columns = ["shape", "dtype", "params", "zeros", "sparsity", "bytes"]
    title = "" if inspection.layers else inspection.subject
    table = plain_table(title, "kernel", columns + ["stored"] * stored, "stored as")
    for row in inspection.rows:
        extra = [wording.count(row.stored_bytes)] if stored else []
        table.add_row(
            row.name,
            wording.shape(row.shape),
            row.dtype,
            *map(wording.count, (row.params, row.zeros)),
            wording.percent(row.sparsity),
            wording.count(row.bytes),
            *extra,
            " ".join(["sparse"] * row.sparse + ["quantized"] * row.quantized) or "dense",
        )
    return table
