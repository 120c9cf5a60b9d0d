"""One function for each verb: call it, print what it gave, say whether all checks passed."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfprune.cli.arrays import read_arrays
from tfprune.cli.output import show

if TYPE_CHECKING:
    from tfprune.inspection import Inspection


def demo(arguments: argparse.Namespace) -> bool:
    """Drive the whole road on real digits."""
    with _quiet():
        from tfprune.workflow import DemoSettings, run_demo
    from tfprune.reports import summary_table

    names = {field.name for field in dataclasses.fields(DemoSettings)}
    given = {k: v for k, v in vars(arguments).items() if k in names and v is not None}
    settings = DemoSettings.quick(**given) if arguments.quick else DemoSettings(**given)
    record = run_demo(arguments.output, settings)
    show(summary_table(record), record.to_dict(), arguments.json)
    return True


def inspect(arguments: argparse.Namespace) -> bool:
    """Count what is in the files."""
    from rich.console import Group

    from tfprune.reports import inspection_table

    found = [_inspect(path) for path in arguments.files]
    document = {"inspections": [one.to_dict() for one in found]}
    show(Group(*map(inspection_table, found)), document, arguments.json)
    return True


def convert(arguments: argparse.Namespace) -> bool:
    """Write a .tflite file."""
    with _quiet():
        import tensorflow  # noqa: F401

        from tfprune.export import convert
    from tfprune.reports import convert_table

    result = convert(
        arguments.model,
        arguments.output,
        None if arguments.quantize == "none" else arguments.quantize,
        read_arrays(arguments.representative_data),
        {"auto": "auto", "yes": True, "no": False}[arguments.sparse],
        arguments.io_dtype,
        arguments.batch_size,
    )
    show(convert_table(result), result.to_dict(), arguments.json)
    return True


def verify(arguments: argparse.Namespace) -> bool:
    """Compare a file with its Keras model."""
    with _quiet():
        from tfprune.verification import verify
    from tfprune.reports import verify_table

    result = verify(
        arguments.model,
        arguments.file,
        read_arrays(arguments.inputs),
        samples=arguments.samples,
        tolerance=arguments.tolerance,
        runtime=arguments.runtime,
        raise_on_failure=False,
    )
    show(verify_table(result), result.to_dict(), arguments.json)
    return result.passed


def benchmark(arguments: argparse.Namespace) -> bool:
    """Time files side by side."""
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
    )
    show(benchmark_table(result), result.to_dict(), arguments.json)
    return True


def report(arguments: argparse.Namespace) -> bool:
    """Make report.html again."""
    from tfprune.reports import report

    path = report(arguments.source, arguments.output)
    show(f"wrote {path}", {"report": str(path)}, arguments.json)
    return True


def _inspect(path: str) -> Inspection:
    from tfprune.inspection import inspect

    if path.endswith(".tflite"):
        return inspect(path)
    with _quiet():
        return inspect(path)


def _quiet() -> Any:
    """Return a context that keeps TensorFlow's start-up lines off the terminal."""
    from tfprune.export.quiet import quiet

    return quiet()


VERBS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "demo": demo,
    "inspect": inspect,
    "convert": convert,
    "verify": verify,
    "benchmark": benchmark,
    "report": report,
}
