"""`tfprune benchmark`."""

from __future__ import annotations

import argparse

from tfprune.cli.arrays import read_arrays
from tfprune.cli.output import show
from tfprune.cli.words import CPUS, add_runtime

SUMMARY = "time .tflite files side by side, interleaved"
EXAMPLE = "tfprune benchmark dense.tflite pruned.tflite --threads 2 --runs 200"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("files", nargs="+", metavar="FILE", help="the first is the baseline")
    verb.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    verb.add_argument("--runs", type=int, default=50, metavar="N", help="default: 50")
    verb.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    verb.add_argument("--warmup", type=int, metavar="N", help="default: until times settle")
    verb.add_argument("--inputs", metavar="DATA", help=".npy, or .npz by input name; else random")
    verb.add_argument("--per-op", action="store_true", help="also time each op")
    verb.add_argument("--no-xnnpack", action="store_true", help="use the builtin kernels")
    verb.add_argument(
        "--target",
        choices=("host", "arm64-emulated"),
        default="host",
        help="arm64-emulated counts the instructions of one inference, it times nothing; it needs "
        "`tfprune setup-arm64`; default: host",
    )
    verb.add_argument("--cpu", choices=CPUS, help="the emulated core; default: the first")
    add_runtime(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Time files side by side, or count their instructions."""
    if arguments.target == "arm64-emulated":
        return _count(arguments)
    from tfprune.bench import benchmark
    from tfprune.reports import benchmark_table

    result = benchmark(
        arguments.files,
        threads=arguments.threads,
        runs=arguments.runs,
        rounds=arguments.rounds,
        warmup=arguments.warmup,
        xnnpack=not arguments.no_xnnpack,
        runtime=arguments.runtime,
        inputs=read_arrays(arguments.inputs),
        per_op=arguments.per_op,
        cpu=arguments.cpu,
    )
    show(benchmark_table(result), result.to_dict(), arguments.json)
    return True


def _count(arguments: argparse.Namespace) -> bool:
    from tfprune.bench import benchmark
    from tfprune.reports.instruction_tables import instructions_table

    result = benchmark(
        arguments.files,
        target="arm64-emulated",
        cpu=arguments.cpu,
        threads=arguments.threads,
        xnnpack=not arguments.no_xnnpack,
        runtime=arguments.runtime,
        inputs=read_arrays(arguments.inputs),
        per_op=arguments.per_op,
    )
    show(instructions_table(result), result.to_dict(), arguments.json)
    return True
