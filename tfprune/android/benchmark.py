"""Time .tflite files side by side on a phone."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.android.adb import Adb, find_adb
from tfprune.android.bundles import Bundle, candidates
from tfprune.android.checking import Reference, run_here
from tfprune.android.description import describe, read_properties, read_state
from tfprune.android.devices import choose, choose_abi, list_devices
from tfprune.android.folder import RemoteFolder
from tfprune.android.inputs import pack
from tfprune.android.result import PhoneResult, PhoneRow
from tfprune.android.rows import make_row
from tfprune.android.running import Plan, RuntimeRefused, install, run
from tfprune.bench.benchmark import Models, name_models
from tfprune.bench.session import Inputs
from tfprune.bench.spread import share
from tfprune.errors import PruneError, VerificationError
from tfprune.notes import Note
from tfprune.progress import track

_PROFILED_RUNS = 20
_MOST_MODELS, _MOST_ROUNDS = 16, 100


def benchmark_android(
    models: Models,
    *,
    serial: str | None = None,
    threads: int = 1,
    cpu_mask: str | None = None,
    runs: int = 50,
    rounds: int = 5,
    warmup: int | None = None,
    xnnpack: bool = True,
    runtime: str = "auto",
    inputs: Inputs = None,
    per_op: bool = False,
    raise_on_failure: bool = True,
) -> PhoneResult:
    """Time one or more .tflite files on an Android phone, interleaved, and check their outputs.

    Everything is copied to a folder of its own under /data/local/tmp, compared by hash, run there
    by a small program of tfprune's with LiteRT's C API, and removed again, also after an error or
    Ctrl-C. Each model lives in a process of its own; they take turns as in `tfprune.benchmark`.

    Args:
        models: A path, a list of paths, or a dict from label to path; the first is the baseline.
        serial: The phone, if several are plugged in.
        threads: Threads of the interpreter.
        cpu_mask: The cores to run on, in hexadecimal: `"f0"` is cores 4 to 7.
        runs: Timed runs of each model in all rounds together.
        rounds: In how many turns.
        warmup: Untimed runs before the first round; None until the times settle.
        xnnpack: Whether the XNNPACK delegate may take ops.
        runtime: `"auto"`: Google's LiteRT for Android (`"litert-lm"`), or where that does not start
            the Linux build of exactly the installed version with a glibc (`"ai-edge-litert"`); or
            the path of a libLiteRt.so of your own, of version 2.3.
        inputs: Arrays in the file's order, or a dict by input name; by default random ones.
        per_op: Also time each op, in a run of its own.
        raise_on_failure: Whether outputs that differ from this machine's are an error; else they
            stand in the rows.

    Returns:
        A `PhoneResult`, one row for each model, with `to_dict()` for JSON.

    Raises:
        MissingExtra: adb or the compiler is missing: `pip install "tfprune[android]"`.
        FileError: a file is missing, foreign or truncated, here or for the phone's LiteRT.
        VerificationError: a model computes something else on the phone than here.
        PruneError: no phone, several, or one that cannot be used; it went away; it is full.

    Example:
        >>> result = benchmark_android(["dense.tflite", "pruned.tflite"])    # doctest: +SKIP
        >>> [f"{row.label} {row.ratio:.2f}x" for row in result.rows]          # doctest: +SKIP
        ['dense 1.00x', 'pruned 1.62x']
    """
    named = name_models(models)
    _check(named, threads, cpu_mask, runs, rounds, warmup)
    program = find_adb()
    adb = Adb(program, choose(list_devices(program), serial))
    properties = read_properties(adb)
    abi = choose_abi(adb, properties)
    references = [run_here(path, inputs, xnnpack) for path in track(named.values(), "running here")]
    mask = (cpu_mask or "").lower().removeprefix("0x")
    plan = Plan(
        tuple(named), threads, mask, xnnpack, warmup, tuple(share(runs, rounds))
    )
    phone = describe(adb, properties, abi)
    with RemoteFolder(adb) as folder:
        bundle, notes = _install(folder, candidates(runtime, abi))
        _copy(folder, references)
        phone["before"] = read_state(adb)
        measured = run(folder, bundle, plan)
        phone["after"] = read_state(adb)
        profiled = _profile(folder, bundle, plan) if per_op else [{}] * len(measured)
    rows = _rows(named, references, measured, profiled, bundle)
    settings = {
        "threads": threads,
        "cpu_mask": mask or None,
        "runs": runs,
        "rounds": rounds,
        "warmup": warmup,
        "xnnpack": xnnpack,
        "runtime": bundle.name,
        "inputs": "random" if inputs is None else "given",
    }
    unsettled = [
        Note(label, "still unstable after warm-up: is the phone warm, or busy?")
        for label, row in zip(named, measured, strict=True)
        if not row["settled"]
    ]
    result = PhoneResult(
        rows=rows, settings=settings, host=phone, notes=(*notes, *unsettled, *_warmer(phone))
    )
    if raise_on_failure:
        _raise_for(result)
    return result


def _install(
    folder: RemoteFolder, tries: Sequence[tuple[str, Any]]
) -> tuple[Bundle, list[Note]]:
    """Install the first runtime that can be had and starts; a note for each that does not."""
    notes: list[Note] = []
    for i, (name, fetch) in enumerate(tries):
        last = i + 1 == len(tries)
        try:
            bundle = fetch()
            install(folder, bundle)
        except RuntimeRefused as error:
            if last:
                raise
            notes.append(Note(name, f"does not start on this phone: {error.found}"))
        except PruneError as error:
            if last or type(error) is not PruneError:
                raise
            notes.append(Note(name, f"cannot be had: {error.found}"))
        else:
            return bundle, notes
    raise AssertionError("the last try returns or raises")


def _copy(folder: RemoteFolder, references: Sequence[Reference]) -> None:
    with tempfile.TemporaryDirectory(prefix="tfprune-") as own:
        for i, reference in enumerate(track(references, "copying the models")):
            packed = Path(own) / f"{i}.in"
            packed.write_bytes(pack(reference.inputs))
            folder.push(Path(reference.path), f"{i}.tflite")
            folder.push(packed, packed.name)


def _profile(folder: RemoteFolder, bundle: Bundle, plan: Plan) -> list[dict[str, Any]]:
    return run(folder, bundle, replace(plan, warmup=1, rounds=(), profile=_PROFILED_RUNS))


def _rows(
    named: dict[str, str],
    references: Sequence[Reference],
    measured: Sequence[dict[str, Any]],
    profiled: Sequence[dict[str, Any]],
    bundle: Bundle,
) -> tuple[PhoneRow, ...]:
    baseline = measured[0]["rounds_ms"]
    together = zip(named, references, measured, profiled, strict=True)
    return tuple(
        make_row(label, reference, row, ops, baseline, bundle.name)
        for label, reference, row, ops in together
    )


def _warmer(phone: dict[str, Any]) -> list[Note]:
    before, after = phone["before"]["thermal"], phone["after"]["thermal"]
    if after in (None, "none"):
        return []
    reason = f"thermal state {before} before, {after} after: it may have slowed itself down"
    return [Note("phone", reason)]


def _raise_for(result: PhoneResult) -> None:
    for row in result.rows:
        for check in row.checks:
            if not check.passed:
                raise VerificationError(
                    f"the output {check.output!r} of {row.label} on the phone",
                    f"it differs from this machine's by {check.max_rel_error:.2g} of its largest "
                    f"value; at most {check.tolerance:g} is rounding",
                    f"tfprune doctor {row.path}",
                )


def _check(
    named: dict[str, str],
    threads: int,
    cpu_mask: str | None,
    runs: int,
    rounds: int,
    warmup: int | None,
) -> None:
    if len(named) > _MOST_MODELS:
        raise PruneError(f"{len(named)} models", f"at most {_MOST_MODELS}", "name fewer")
    if threads < 1:
        raise PruneError(f"threads={threads}", "at least one thread is needed", "threads=1")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise PruneError(f"rounds={rounds}", f"1 to {_MOST_ROUNDS} rounds", "rounds=5")
    if not rounds <= runs <= 1_000_000:
        raise PruneError(f"runs={runs}, rounds={rounds}", "a round would be empty", f"runs={rounds}")
    if warmup is not None and warmup < 0:
        raise PruneError(f"warmup={warmup}", "it counts runs", "warmup=0, or None for automatic")
    if cpu_mask is not None and not re.fullmatch("(0x)?0*[1-9a-fA-F][0-9a-fA-F]{0,15}", cpu_mask):
        found = "not a hexadecimal number of 1 to 64 cores"
        raise PruneError(f"cpu_mask={cpu_mask!r}", found, "cpu_mask='f0' for cores 4 to 7")
