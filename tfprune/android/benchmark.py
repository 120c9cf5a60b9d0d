"""Time .tflite files side by side on a phone."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from tfprune.android.checking import Reference, golden_references, run_here
from tfprune.android.device.adb import Adb, find_adb
from tfprune.android.device.choosing import Ask, choose, choose_abi, list_devices
from tfprune.android.device.description import describe, read_properties
from tfprune.android.measuring import Visit, visit
from tfprune.android.planning import make_plan
from tfprune.android.result import PhoneResult
from tfprune.android.rows import make_row
from tfprune.android.runtimes.app import check_app
from tfprune.android.runtimes.benchmark_model import check_program
from tfprune.android.runtimes.bundles import APP, RUNTIMES, candidates
from tfprune.bench.naming import Models, name_models
from tfprune.checks import Check
from tfprune.errors import PruneError, VerificationError
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.runners import Inputs
from tfprune.runners.failures import check_file


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
    golden: str | os.PathLike[str] | None = None,
    per_op: bool = False,
    raise_on_failure: bool = True,
    ask: Ask | None = None,
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
            the Linux build of exactly the installed version with a glibc (`"ai-edge-litert"`);
            `"app"`: the demo app of android_demo, installed before; or the path of a file of your
            own: a libLiteRt.so of version 2.3, or LiteRT's program benchmark_model.
        inputs: As for `benchmark`; by default random ones.
        golden: A golden sample of the one model (`tfprune.golden_sample`): each of its inputs is a
            row, and its outputs are what the phone must give, within its tolerance.
        per_op: Also time each op, in a run of its own.
        raise_on_failure: Whether outputs that differ from this machine's are an error; else they
            stand in the rows.
        ask: Called with the phones if several can be used and none is named; it returns one of
            them, or None, which is an error.

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
    if runtime == APP:
        check_app(cpu_mask=cpu_mask, per_op=per_op)
    elif runtime not in RUNTIMES:
        check_program(runtime, per_op=per_op)
    named = name_models(models)
    golden_rows: list[Reference] = []
    if golden is not None:
        named, golden_rows = _golden(named, golden, inputs)
    plan = make_plan(
        named,
        threads=threads,
        cpu_mask=cpu_mask,
        runs=runs,
        rounds=rounds,
        warmup=warmup,
        xnnpack=xnnpack,
    )
    for path in named.values():
        check_file(path)  # before a phone is looked for and asked about
    adb, abi, phone = find_phone(serial, ask)
    tries = candidates(runtime, abi)
    files = track(list(named.values()), "running here")
    references = golden_rows or [run_here(path, inputs, xnnpack) for path in files]
    found = visit(adb, tries, references, plan, per_op)
    baseline = found.timed[0]["rounds_ms"]
    together = zip(named, references, found.timed, found.profiled, strict=True)
    result = PhoneResult(
        rows=tuple(
            make_row(label, reference, timed, profiled, baseline, found.runtime)
            for label, reference, timed, profiled in together
        ),
        settings={
            **plan.to_settings(),
            "runtime": found.runtime,
            "inputs": "golden" if golden_rows else "random" if inputs is None else "given",
        },
        host={**phone, "before": found.before, "after": found.after},
        notes=(*found.notes, *_doubts(plan.labels, found)),
    )
    wrong = difference(result) if raise_on_failure else None
    if wrong is not None:
        raise wrong
    return result


def _golden(
    named: Mapping[str, str], golden: str | os.PathLike[str], inputs: Inputs
) -> tuple[dict[str, str], list[Reference]]:
    """Return a label for each input of a golden sample, and what the phone must give for it."""
    if len(named) > 1 or inputs is not None:
        found = "a golden sample holds the inputs of one model"
        raise PruneError(f"golden={str(golden)!r}", found, "name that model alone, without inputs")
    [(label, path)] = named.items()
    references = golden_references(path, golden)
    return {f"{label}, sample {i + 1}": path for i in range(len(references))}, references


def find_phone(serial: str | None, ask: Ask | None = None) -> tuple[Adb, str, dict[str, Any]]:
    """Return the phone, the ABI to use, and its description.

    Raises:
        MissingExtra: there is no adb.
        PruneError: no phone, several, or one that cannot be used.
    """
    program = find_adb()
    adb = Adb(program, choose(list_devices(program), serial, ask))
    properties = read_properties(adb)
    abi = choose_abi(adb, properties)
    return adb, abi, describe(adb, properties, abi)


def _doubts(labels: tuple[str, ...], found: Visit) -> list[Note]:
    """Return what speaks against the times."""
    reason = "still unstable after warm-up: is the phone warm, or busy?"
    notes = [
        Note(label, reason)
        for label, row in zip(labels, found.timed, strict=True)
        if row["settled"] is False
    ]
    told = {row["told"] for row in found.timed if "told" in row}
    if told:
        reason = (
            f"it tells one {' or '.join(sorted(told))} for each round, not each time: p10 and p90 "
            "are of these; each round began in a new process; peak memory is by how much its "
            "process grew"
        )
        notes.append(Note(found.runtime, reason))
    before, after = found.before["thermal"], found.after["thermal"]
    if after not in (None, "none"):
        reason = f"thermal state {before} before, {after} after: it may have slowed itself down"
        notes.append(Note("phone", reason))
    return notes


def difference(result: PhoneResult) -> VerificationError | None:
    """Return the error of the first output that is not this machine's, None if all are."""
    for row in result.rows:
        for check in row.checks:
            if not check.passed:
                return VerificationError(
                    f"the output {check.name!r} of {row.label} on the phone",
                    f"it is not this machine's: {_words(check)}",
                    f"tfprune doctor {row.path}",
                )
    return None


def _words(check: Check) -> str:
    if check.max_rel_error is None or not math.isfinite(check.max_rel_error):
        return check.detail or f"largest error {check.max_abs_error:.3g}, where all is zero here"
    return (
        f"largest error {check.max_rel_error:.3g} of the largest value, {check.rms_rel_error:.3g} "
        f"by root mean square, tolerance {check.tolerance:.3g}"
    )
