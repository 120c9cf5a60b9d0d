"""A benchmark on a phone as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tfprune.reports import wording
from tfprune.reports.tables import plain_table

if TYPE_CHECKING:
    from tfprune.android import PhoneResult, PhoneRow


def phone_table(result: PhoneResult) -> Group:
    """Return the latencies on the phone, whether its outputs are this machine's, and what it is."""
    columns = ["bytes", "load ms", "first ms", "median ms", "p10 to p90", "ratio", "peak memory"]
    phone = result.host
    title = f"latency on {phone['manufacturer'] or ''} {phone['model'] or phone['serial']}".strip()
    table = plain_table(title, "model", columns, "outputs")
    for row in result.rows:
        table.add_row(
            escape(row.label),
            wording.count(row.bytes),
            wording.milliseconds(row.load_ms),
            wording.milliseconds(row.first_ms),
            wording.milliseconds(row.median_ms),
            wording.spread(row.p10_ms, row.p90_ms),
            wording.ratio(row.ratio),
            wording.size(row.peak_memory_bytes),
            _verdict(row),
        )
    lines = [*_phone(phone), _delegates(result), _joined(result.settings)]
    notes = [f"note: {note}" for note in result.notes]
    return Group(table, *_profiles(result), *map(Text, [*lines, *notes]))


def _verdict(row: PhoneRow) -> str:
    worst = max(row.checks, key=lambda check: check.max_rel_error)
    verdict = "[green]equal[/]" if row.outputs_agree else "[red]DIFFER[/]"
    return f"{verdict} to {wording.error(worst.max_rel_error)}"


def _phone(phone: dict[str, Any]) -> list[str]:
    facts = {name: phone[name] for name in ("soc", "android", "abi", "kernel", "serial")}
    kinds = [f"{core['max_mhz'] or '?'} MHz" for core in phone["cores"]]
    cores = ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))
    lines = [f"{_joined(facts)}; cores: {cores or 'unknown'}"]
    return lines + [f"{when}: {_joined(phone[when])}" for when in ("before", "after")]


def _delegates(result: PhoneResult) -> str:
    named = {row.label: row.delegate for row in result.rows}
    return f"run by: {_joined(named)}"


def _profiles(result: PhoneResult) -> list[Table]:
    tables = []
    for row in result.rows:
        if row.per_op:
            table = plain_table(f"ops of {row.label}", "op", ["median us", "min us"])
            for op in row.per_op:
                table.add_row(escape(op.name), f"{op.median_us:g}", f"{op.min_us:g}")
            tables.append(table)
    return tables


def _joined(facts: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in facts.items() if value is not None)
