"""Advice as a table for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from tfprune.advising.advice import Advice
from tfprune.advising.traits import Traits
from tfprune.tables import Rows, noted, plain_table, wording

_UNMEASURED = "nothing: measure yours"


def advice_table(advice: Advice) -> Group:
    """Return what the model is like, a row for each technique, its pages, and what to do next."""
    table = Rows(
        f"advice for {advice.subject}: {advice.bottleneck} on {advice.target}, "
        f"max_drop={advice.max_drop:g}",
        ["technique", "fits", "this model", "measured before"],
    )
    pages = list(dict.fromkeys(one.measured.page for one in advice.lines if one.measured))
    for line in advice.lines:
        measured = _UNMEASURED
        if line.measured is not None:
            measured = f"{line.measured.says} [{pages.index(line.measured.page) + 1}]"
        table.add_row(line.technique, line.fits, line.here, measured)
    sources = [f"[{number}] {page}" for number, page in enumerate(pages, 1)]
    steps = [f"{number}. {command}" for number, command in enumerate(advice.commands, 1)]
    lines = map(Text, (*sources, "", *steps))
    return Group(_kinds(advice.traits), table, *lines, *noted(advice.notes))


def _kinds(traits: Traits) -> Group:
    table = plain_table("where it is", "kernels", ["how many", "parameters", "MACs"])
    for one in traits.kinds:
        macs = "unknown" if one.macs is None else wording.percent(one.macs)
        table.add_row(one.kind, str(one.kernels), wording.percent(one.params), macs)
    macs = "unknown" if traits.macs is None else f"{traits.macs:,}"
    whole = f"{traits.family}; parameters: {traits.params:,}; multiply-accumulates: {macs}"
    return Group(Text(whole), table)
