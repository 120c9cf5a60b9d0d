"""One module for each verb: what it says of itself, what it takes, and what it does.

`run` calls one function, prints what it gave, and says whether all checks passed. Importing these
modules imports nothing heavy.
"""

from __future__ import annotations

import argparse
from typing import Protocol, cast

from tfprune.cli.verbs import (
    advise,
    benchmark,
    compress,
    convert,
    demo,
    doctor,
    evaluate,
    golden_sample,
    inspect,
    latency_table,
    prune,
    prune_once,
    quantization_errors,
    recipe,
    report,
    run,
    sensitivity,
    setup_arm64,
    sparse_ready,
    sweep,
    verify,
)


class Verb(Protocol):
    """A module of this folder."""

    SUMMARY: str
    EXAMPLE: str

    def add_arguments(self, verb: argparse.ArgumentParser) -> None:
        """Add what it takes."""

    def run(self, arguments: argparse.Namespace) -> bool:
        """Do it; return whether all checks passed."""


VERBS = {
    "demo": cast(Verb, demo),
    "advise": cast(Verb, advise),
    "compress": cast(Verb, compress),
    "run": cast(Verb, run),
    "sweep": cast(Verb, sweep),
    "recipe": cast(Verb, recipe),
    "inspect": cast(Verb, inspect),
    "prune": cast(Verb, prune),
    "prune-once": cast(Verb, prune_once),
    "sensitivity": cast(Verb, sensitivity),
    "latency-table": cast(Verb, latency_table),
    "doctor": cast(Verb, doctor),
    "sparse-ready": cast(Verb, sparse_ready),
    "quantization-errors": cast(Verb, quantization_errors),
    "convert": cast(Verb, convert),
    "verify": cast(Verb, verify),
    "evaluate": cast(Verb, evaluate),
    "golden-sample": cast(Verb, golden_sample),
    "benchmark": cast(Verb, benchmark),
    "report": cast(Verb, report),
    "setup-arm64": cast(Verb, setup_arm64),
}
