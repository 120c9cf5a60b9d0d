"""Sensitivities and latency tables as tables for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.curves.latency import LatencyTable
from tfprune.curves.sensitivity import Sensitivity
from tfprune.tables import noted, plain_table


def sensitivity_table(found: Sensitivity) -> Group:
    """Return a row for each group: the rise of the loss and the metric at each ratio."""
    parts = []
    for repaired in sorted({cell.repaired for cell in found.cells}):
        cells = [cell for cell in found.cells if cell.repaired == repaired]
        ratios = sorted({cell.ratio for cell in cells})
        how = "its readers refitted" if repaired else "only sliced"
        title = f"{found.subject}: one group alone pruned, {how}; rise of the {found.by}"
        metrics = [] if found.metric == "loss" else [f"{found.metric} at {ratios[-1]:g}"]
        columns = ["units", *(f"{100 * ratio:g} %" for ratio in ratios), *metrics]
        table = plain_table(title, "group", columns)
        for group in dict.fromkeys(cell.group for cell in cells):
            own = {cell.ratio: cell for cell in cells if cell.group == group}
            rises = [
                _rise(found, group, own[r].width, repaired) if r in own else "" for r in ratios
            ]
            last = [f"{own[max(own)].metrics[found.metric]:.4g}"] if metrics else []
            units = next(iter(own.values())).units
            table.add_row(group, str(units), *rises, *last)
        parts.append(table)
    dense = ", ".join(f"{name} {value:.4g}" for name, value in found.dense.items())
    facts = (
        f"dense: {dense}; judged on {found.samples:,} samples, repaired on "
        f"{found.repair_samples:,} others; units ranked by {found.criterion}"
    )
    return Group(*parts, *noted(found.notes), Text(facts))


def _rise(found: Sensitivity, group: str, width: int, repaired: bool) -> str:
    return f"{found.rise(group, width, repaired):.4f}"


def latency_table_table(found: LatencyTable) -> Group:
    """Return a row for each op: its widths, its time whole and at its narrowest."""
    title = f"{found.subject}: ops on {found.target}, {found.precision}"
    whole, least = f"{found.unit} whole", f"{found.unit} narrowest"
    table = plain_table(title, "op", ["reads", "writes", whole, least, "files"])
    for op in found.ops:
        name = f"{op.op}, {op.inside}" if op.inside else op.op
        count = str(len(op.reads) * len(op.writes))
        times = _number(found, op.times[-1][-1]), _number(found, op.times[0][0])
        table.add_row(name, _range(op.reads), _range(op.writes), *times, count)
    files = plain_table("whole files", "file", ["ops", "predicted", "measured"])
    for one in found.whole:
        numbers = (one.ops, found.predict(one.ops), one.measured)
        files.add_row(one.name, *(_number(found, number) for number in numbers))
    facts = (
        f"{found.device}; {found.files} small files; latency = {_number(found, found.fixed)} + "
        f"{found.factor:.3f} x the sum over ops"
    )
    return Group(table, *([files] if found.whole else []), *noted(found.notes), Text(facts))


def _range(widths: tuple[int, ...]) -> str:
    return f"{widths[0]} to {widths[-1]}" if len(widths) > 1 else str(widths[0])


def _number(found: LatencyTable, value: float) -> str:
    return f"{value:,.0f}" if found.unit == "instructions" else f"{value:.4f}"
