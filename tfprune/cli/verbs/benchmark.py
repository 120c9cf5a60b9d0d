"""`tfprune benchmark`."""

from __future__ import annotations

import argparse

from tfprune.cli.asking import ask_which, can_ask
from tfprune.cli.output import show, show_error
from tfprune.cli.words import CPUS, DATA, check_apart
from tfprune.errors import PruneError
from tfprune.files import check_writable

SUMMARY = "time .tflite files side by side, interleaved"
EXAMPLE = "tfprune benchmark dense.tflite pruned.tflite --threads 2 --runs 200"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("files", nargs="+", metavar="FILE", help="the first is the baseline")
    verb.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    verb.add_argument("--runs", type=int, default=50, metavar="N", help="default: 50")
    verb.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    verb.add_argument("--warmup", type=int, metavar="N", help="default: until times settle")
    verb.add_argument("--inputs", metavar="DATA", help=f"{DATA}; default: random")
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
    verb.add_argument(
        "--runtime",
        default="auto",
        metavar="NAME",
        help="auto, ai-edge-litert, tflite-runtime; with --android auto, litert-lm, ai-edge-litert "
        "or the path of a libLiteRt.so or benchmark_model; default: the first that works",
    )
    _add_phone(verb.add_argument_group("on an Android phone"))


def _add_phone(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--android", action="store_true", help="time them on a phone, through adb")
    group.add_argument("--app", action="store_true", help="in the demo app, installed before")
    group.add_argument(
        "--golden",
        metavar="JSON",
        help="check the phone by the golden sample of the one file: tfprune golden-sample",
    )
    group.add_argument("--serial", metavar="S", help="which, if adb sees several; else it asks")
    group.add_argument("--cpu-mask", metavar="HEX", help="the cores to run on; f0 is 4 to 7")
    group.add_argument(
        "--save-profile", metavar="JSON", help="save the time of each op, with the phone's name"
    )


def run(arguments: argparse.Namespace) -> bool:
    """Time files side by side, here or on a phone, or count their instructions."""
    if arguments.android:
        return _on_phone(arguments)
    for name in ("app", "golden", "serial", "cpu_mask", "save_profile"):
        if getattr(arguments, name) not in (None, False):
            asked = f"--{name.replace('_', '-')}"
            raise PruneError(asked, "it is about a phone", "add --android")
    if arguments.target == "arm64-emulated":
        return _count(arguments)
    if arguments.cpu is not None:
        found = "the host is the core that it is"
        raise PruneError(f"--cpu {arguments.cpu}", found, "add --target arm64-emulated")
    from tfprune.bench import benchmark

    result = benchmark(
        arguments.files,
        threads=arguments.threads,
        runs=arguments.runs,
        rounds=arguments.rounds,
        warmup=arguments.warmup,
        xnnpack=not arguments.no_xnnpack,
        runtime=arguments.runtime,
        inputs=arguments.inputs,
        per_op=arguments.per_op,
    )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return True


def _count(arguments: argparse.Namespace) -> bool:
    from tfprune.bench import count_instructions
    from tfprune.emulation.targets import DEFAULT_CPU

    if arguments.threads != 1:
        raise PruneError(
            f"--threads {arguments.threads}", "the emulated core is one", "leave it out"
        )
    if arguments.runtime == "tflite-runtime":
        found = "only ai-edge-litert is set up for emulated ARM64"
        raise PruneError("--runtime tflite-runtime", found, "leave it out")
    if arguments.per_op:
        found = "instructions are counted for each kernel, not for each op"
        raise PruneError("--per-op", found, "leave it out: the kernels always come along")
    result = count_instructions(
        arguments.files,
        cpu=arguments.cpu or DEFAULT_CPU,
        xnnpack=not arguments.no_xnnpack,
        inputs=arguments.inputs,
    )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return True


def _on_phone(arguments: argparse.Namespace) -> bool:
    from tfprune.android import benchmark_android
    from tfprune.android.benchmark import difference
    from tfprune.android.saving import save_profile

    if arguments.target != "host" or arguments.cpu is not None:
        asked = f"--android --target {arguments.target}"
        raise PruneError(asked, "a phone is a target of its own", "leave --target and --cpu out")
    if arguments.app and arguments.runtime != "auto":
        asked = f"--app --runtime {arguments.runtime}"
        raise PruneError(asked, "the app brings its own LiteRT", "leave one of the two out")
    if arguments.save_profile is not None:
        check_apart(arguments.save_profile, *arguments.files, arguments.inputs)
        check_writable(arguments.save_profile)
    result = benchmark_android(
        arguments.files,
        serial=arguments.serial,
        threads=arguments.threads,
        cpu_mask=arguments.cpu_mask,
        runs=arguments.runs,
        rounds=arguments.rounds,
        warmup=arguments.warmup,
        xnnpack=not arguments.no_xnnpack,
        runtime="app" if arguments.app else arguments.runtime,
        inputs=arguments.inputs,
        golden=arguments.golden,
        per_op=arguments.per_op or arguments.save_profile is not None,
        raise_on_failure=False,
        ask=ask_which if can_ask(arguments.json) else None,
    )
    if arguments.save_profile is not None:
        save_profile(result, arguments.save_profile)
    show(result, result.to_dict(), arguments.json, arguments.options)
    wrong = difference(result)
    if wrong is not None:  # standard output has its one document already
        show_error(wrong, as_json=False)
    return result.passed
