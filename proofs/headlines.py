"""The headline cases: what all techniques together make of a network on real weights and data.

    python -m proofs.headlines [--cases text combined resnet56 mobilenetv2] [--seeds 1]
                               [--rows FILE]

Each case makes its networks (kept in the cache folder, so that an interrupted run goes on),
converts and verifies them, times the files side by side on one thread, and judges them on data that
nothing was trained on or chosen by. Writes docs/proof.md. Where the weights of ResNet-56 are looked
for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from proofs import headline_fashion, headline_mobilenet, headline_resnet, headline_text
from proofs.headline_measure import Row, measure
from proofs.headline_page import page
from proofs.headline_picture import PICTURE, draw
from proofs.rows import append_row, read_rows
from proofs.untrained import DOCS
from tfprune.files import write_text

CASES = {
    "mobilenetv2": headline_mobilenet.make,
    "text": headline_text.make,
    "resnet56": headline_resnet.make,
    "combined": headline_fashion.make,
}


def main() -> int:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "headlines.jsonl")
    arguments = parser.parse_args()
    known = {(row.case, row.seed) for row in read_rows(arguments.rows, Row)}
    for seed in range(arguments.seeds):
        for case in arguments.cases:
            if (case, seed) not in known:
                for row in measure(case, seed, CASES[case](seed)):
                    append_row(arguments.rows, row)
    rows = read_rows(arguments.rows, Row)
    write_text(DOCS / "proof.md", page(rows))
    write_text(PICTURE, draw(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
