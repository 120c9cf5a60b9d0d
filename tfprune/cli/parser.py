"""The words of the command line. Importing this imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tfprune._version import __version__

_EXIT_CODES = (
    "exit codes: 0 it worked; 1 a check failed or something could not be done; 2 wrong usage; "
    "130 interrupted"
)
_RUNTIMES = ("auto", "ai-edge-litert", "tflite-runtime")


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `tfprune`; its result has `verb` and `json` and the verb's arguments."""
    parser = argparse.ArgumentParser(
        prog="tfprune",
        description="From a Keras 3 model to a smaller, faster, verified .tflite.",
        epilog=f"example: tfprune demo -o demo_output\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfprune {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, (add_arguments, summary, example) in _VERBS.items():
        verb = verbs.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example: {example}\n\n{_EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_argument("--json", action="store_true", help="print one JSON document")
        add_arguments(verb)
    return parser


def _demo(verb: argparse.ArgumentParser) -> None:
    _output(verb, "FOLDER", "where to write", default="demo_output")
    verb.add_argument("--epochs", type=int, metavar="N", help="epochs of the dense baseline")
    verb.add_argument("--pruning-epochs", type=int, metavar="N", help="epochs with masks")
    verb.add_argument("--sparsity", type=float, metavar="S", help="share of zeros, in [0, 1)")
    verb.add_argument("--digits", type=int, metavar="N", help="how many of the 5,000 digits")
    verb.add_argument("--width", type=float, metavar="W", help="multiplies all channels")
    verb.add_argument("--runs", type=int, metavar="N", help="timed inferences of each file")
    verb.add_argument("--seed", type=int, metavar="N", help="of split, weights and shuffling")
    verb.add_argument(
        "--quick", action="store_true", help="a tiny run that shows the road, not the accuracy"
    )


def _inspect(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("files", nargs="+", metavar="FILE", help="a .keras, .h5 or .tflite file")


def _convert(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("model", metavar="MODEL", help="a .keras file or a SavedModel folder")
    _output(verb, "OUT.tflite", "the file to write", required=True)
    verb.add_argument(
        "--quantize",
        choices=("none", "float16", "dynamic", "int8", "int16x8"),
        default="none",
        help="number format; default: none, float32",
    )
    verb.add_argument(
        "--representative-data",
        metavar="DATA",
        help="inputs to calibrate int8 with: .npy, or .npz by input name",
    )
    verb.add_argument(
        "--sparse",
        choices=("auto", "yes", "no"),
        default="auto",
        help="store zeros compactly: where it is safe and smaller, or as told",
    )
    verb.add_argument(
        "--io-dtype",
        choices=("float32", "int8"),
        default="float32",
        help="type of an int8 model's inputs and outputs",
    )
    verb.add_argument("--batch-size", type=int, default=1, metavar="N", help="default: 1")


def _verify(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("model", metavar="MODEL", help="the Keras model, a .keras file")
    verb.add_argument("file", metavar="FILE", help="the .tflite file made of it")
    verb.add_argument("--inputs", metavar="DATA", help=".npy, or .npz by input name; else random")
    verb.add_argument("--samples", type=int, default=8, metavar="N", help="default: 8")
    verb.add_argument("--tolerance", type=float, metavar="T", help="default: by number format")
    _runtime(verb)


def _benchmark(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("files", nargs="+", metavar="FILE", help="the first is the baseline")
    verb.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    verb.add_argument("--runs", type=int, default=50, metavar="N", help="default: 50")
    verb.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    verb.add_argument("--warmup", type=int, metavar="N", help="default: until times settle")
    verb.add_argument("--inputs", metavar="DATA", help=".npy, or .npz by input name; else random")
    verb.add_argument("--per-op", action="store_true", help="also time each op")
    verb.add_argument("--no-xnnpack", action="store_true", help="use the builtin kernels")
    _runtime(verb)


def _report(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("source", metavar="FOLDER", help="a folder with report.json, or that file")
    _output(verb, "OUT.html", "the page to write; default: report.html beside it")


def _output(
    verb: argparse.ArgumentParser,
    metavar: str,
    what: str,
    default: str | None = None,
    required: bool = False,
) -> None:
    more = f"; default: {default}" if default else ""
    verb.add_argument(
        "-o", "--output", metavar=metavar, default=default, required=required, help=what + more
    )


def _runtime(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--runtime", choices=_RUNTIMES, default="auto", help="default: the first installed"
    )


_VERBS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str, str]] = {
    "demo": (
        _demo,
        "train on real digits, prune, convert, verify, time, and report",
        "tfprune demo -o demo_output",
    ),
    "inspect": (
        _inspect,
        "count kernels, zeros and bytes of models",
        "tfprune inspect model.keras model.tflite",
    ),
    "convert": (
        _convert,
        "write a .tflite file of a Keras model",
        "tfprune convert model.keras -o model.tflite --quantize int8 "
        "--representative-data inputs.npy",
    ),
    "verify": (
        _verify,
        "compare a .tflite file with its Keras model: zeros and outputs",
        "tfprune verify model.keras model.tflite --samples 16",
    ),
    "benchmark": (
        _benchmark,
        "time .tflite files side by side, interleaved",
        "tfprune benchmark dense.tflite pruned.tflite --threads 2 --runs 200",
    ),
    "report": (
        _report,
        "make report.html again from report.json",
        "tfprune report demo_output -o report.html",
    ),
}
