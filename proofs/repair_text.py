"""Repair of a transformer: MiniLM without half of its heads and feed-forward neurons, untrained.

    python -m proofs.repair_text [--rows FILE]

The pretrained network with a linear head for film reviews (`proofs.sentiment`). Units are judged by
Taylor on 256 labelled sentences; repair looks at 256 sentences without labels; 1,000 others are
judged. Writes docs/repair_text.md.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs.minilm import minilm
from proofs.rows import append_row, read_rows
from proofs.sentiment import fit_head, reviews
from proofs.untrained import DOCS
from tfprune.files import write_text

TEST, USED = 1_000, 256
# "*_attention" would name the outputs of attention, too: the stream between the blocks.
CUTS: dict[str, dict[str, float]] = {
    "half of the feed-forward neurons": {"*_inner": 0.5},
    "half of the heads": {"*_attention/query": 0.5},
    "a third of both": {"*_inner": 1 / 3, "*_attention/query": 1 / 3},
    "half of both": {"*_inner": 0.5, "*_attention/query": 0.5},
}
_HEAD = """# Repair of a transformer

Written by `python -m proofs.repair_text`; the rows:
[measured/repair_text.jsonl](measured/repair_text.jsonl). MiniLM (6 layers of 12 heads, pretrained)
with a linear head for film reviews, no training after pruning. Units are judged by Taylor on 256
sentences with labels, and repaired on 256 others without. In per cent of 1,000 other sentences:
those judged rightly (95 % of such measurements lie within 2.7 points), and those of which the
network says what the dense one says. `fewer`: parameters beside the table of words.

| gone | fewer | dense | sliced | repaired | agrees, sliced | agrees, repaired | CPU s |
|---|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One cut; shares from 0 to 1."""

    gone: str
    fewer: float = 0.0
    dense: float = 0.0
    sliced: float = 0.0
    repaired: float = 0.0
    agrees_sliced: float = 0.0
    agrees_repaired: float = 0.0
    cpu_seconds: float = 0.0


def verdicts(model: Any, ids: Any) -> Any:
    """Return which sentences are praise."""
    return model.predict(ids, batch_size=100, verbose=0)[:, 0] > 0


def measure(model: Any, ids: Any, praises: Any, row: Row) -> Row:
    """Prune as the row says and return it with what was measured."""
    seen, truth = ids[:TEST], praises[:TEST]
    labelled = ids[TEST : TEST + USED], praises[TEST : TEST + USED].astype("float32")
    criterion = tfprune.criteria.Taylor(labelled)
    plan = tfprune.plan_structured(model, CUTS[row.gone], criterion)
    sliced, started = plan.apply(), time.process_time()
    repaired = plan.apply(repair_on=ids[TEST + USED : TEST + 2 * USED])
    seconds = time.process_time() - started
    dense, cut, mended = (verdicts(each, seen) for each in (model, sliced, repaired))
    words = 30_522 * 384
    return replace(
        row,
        fewer=(model.count_params() - words) / (sliced.count_params() - words),
        dense=float((dense == truth).mean()),
        sliced=float((cut == truth).mean()),
        repaired=float((mended == truth).mean()),
        agrees_sliced=float((cut == dense).mean()),
        agrees_repaired=float((mended == dense).mean()),
        cpu_seconds=round(seconds, 1),
    )


def page(rows: list[Row]) -> str:
    """Return docs/repair_text.md."""
    lines = []
    for row in rows:
        shares = (row.dense, row.sliced, row.repaired, row.agrees_sliced, row.agrees_repaired)
        shown = " | ".join(f"{100 * share:.1f}" for share in shares)
        lines.append(f"| {row.gone} | {row.fewer:.2f}x | {shown} | {row.cpu_seconds:.0f} |\n")
    return _HEAD + "".join(lines)


def main() -> None:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "repair_text.jsonl")
    arguments = parser.parse_args()
    rows = read_rows(arguments.rows, Row)
    missing = [Row(gone=gone) for gone in CUTS if gone not in {row.gone for row in rows}]
    if missing:
        ids, praises = reviews()
        model = minilm(ids.shape[1])
        fit_head(model, ids[TEST:], praises[TEST:])
        model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    for row in missing:
        rows.append(measure(model, ids, praises, row))
        append_row(arguments.rows, rows[-1])
        print(rows[-1], flush=True)
    write_text(DOCS / "repair_text.md", page(rows))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
