"""A benchmark on a phone as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from tfprune.android.result import PhoneResult, PhoneRow
from tfprune.bench.table import op_tables
from tfprune.tables import noted, plain_table, wording


def phone_table(result: PhoneResult) -> Group:
    """Return the latencies on the phone, whether its outputs are this machine's, and what it is."""
    columns = ["bytes", "load ms", "first ms", "median ms", "p10 to p90", "ratio", "peak memory"]
    phone = result.host
    title = f"latency on {phone['manufacturer'] or ''} {phone['model'] or phone['serial']}".strip()
    table = plain_table(title, "model", columns, "outputs")
    for row in result.rows:
        table.add_row(
            row.label,
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
    return Group(table, *op_tables(result.rows), *map(Text, lines), *noted(result.notes))


def _verdict(row: PhoneRow) -> Text:
    worst = max(row.checks, key=lambda check: check.max_rel_error or 0.0)
    verdict = Text("equal", "green") if row.outputs_agree else Text("DIFFER", "red")
    return verdict.append(f" to {wording.error(worst.max_rel_error)}", "default")


def _phone(phone: dict[str, Any]) -> list[str]:
    facts = {name: phone[name] for name in ("soc", "android", "abi", "kernel", "serial")}
    kinds = [f"{core['max_mhz'] or '?'} MHz" for core in phone["cores"]]
    cores = ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))
    lines = [f"{_joined(facts)}; cores: {cores or 'unknown'}"]
    return lines + [f"{when}: {_joined(phone[when])}" for when in ("before", "after")]


def _delegates(result: PhoneResult) -> str:
    named = {row.label: row.delegate for row in result.rows}
    return f"run by: {_joined(named)}"


def _joined(facts: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in facts.items() if value is not None)
