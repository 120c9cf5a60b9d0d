"""LiteRT's benchmark_model, a program that the user brings, as what runs models on a phone.

It runs one model and prints its times as text (`printout`), so there is a process for each model
and round. Sources of its options: LiteRT, tflite/tools/benchmark/benchmark_tflite_model.cc and
benchmark_model.cc.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.android.checking import Reference
from tfprune.android.device.adb import ASKED, quote
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.device.watching import SILENCE_S, STEP_S, Followed
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.documents import run_line
from tfprune.android.runtimes.elf import Elf, read_elf
from tfprune.android.runtimes.linux import linux
from tfprune.android.runtimes.printout import Printout, make_row, read_printout
from tfprune.android.runtimes.runtime import Runtime
from tfprune.errors import PruneError
from tfprune.progress import track

PROGRAM = "benchmark_model"
_MOST_S = 500
"""How long one round of one model may take, and its warm-up: together less than `STEP_S`."""

_SEVERAL = "Signature not specified"


@dataclass(frozen=True, kw_only=True)
class BenchmarkModel(Runtime):
    """LiteRT's benchmark_model.

    Args:
        name: What runs, for readers.
        start: The words that start it in the folder.
        files: Name in that folder → file here.
        silence_s: How long it may say nothing: it speaks before and after a round.
        stop: What ends it on the phone, besides the process named in `pid`.
    """

    name: str
    start: tuple[str, ...]
    files: Mapping[str, Path]
    silence_s: float = STEP_S
    stop: str = ""

    def pack(self, reference: Reference) -> dict[str, bytes]:
        """Return one file of bare values for each input, in the file's order."""
        return {f"{j}.raw": _bare(array) for j, array in enumerate(reference.inputs.values())}

    def run(
        self, folder: RemoteFolder, plan: RunnerPlan, references: Sequence[Reference]
    ) -> list[dict[str, Any]]:
        """Run a plan, a process for each turn, and return a row for each model."""
        self._check(folder, plan)
        models = range(len(plan.labels))
        turns = [
            (i, runs)
            for n, runs in enumerate(plan.rounds)
            for i in (reversed(models) if n % 2 else models)
        ]
        told: list[list[Printout]] = [[] for _ in models]
        for i, runs in track(turns, "timing on the phone"):
            words = (*_options(plan, runs), *_files(i, references[i]))
            followed = run_line(folder, self, self._line(folder, plan, words))
            told[i].append(_read(folder, plan.labels[i], followed, runs))
        return [
            {
                **make_row(told[i], plan.xnnpack),
                "outputs": _fetch(folder, plan.labels[i], i, references[i]),
            }
            for i in models
        ]

    def _line(self, folder: RemoteFolder, plan: RunnerPlan, words: Sequence[str]) -> str:
        bound = ("taskset", plan.cpu_mask) if plan.cpu_mask else ()
        command = quote(*bound, *self.start, *words)
        return f"cd {quote(folder.path)} && echo $$ > pid && exec {command} 2>&1"

    def _check(self, folder: RemoteFolder, plan: RunnerPlan) -> None:
        if plan.cpu_mask and folder.adb.shell("command -v taskset").code:
            found = "this phone has no taskset, which binds a program to its cores"
            raise PruneError(f"cpu_mask={plan.cpu_mask!r}", found, "leave it out")
        if not plan.labels:
            self._try(folder, plan)

    def _try(self, folder: RemoteFolder, plan: RunnerPlan) -> None:
        """See whether it is what it should be: without any option it asks for one."""
        followed = run_line(folder, self, self._line(folder, plan, ()), silence_s=SILENCE_S)
        if "--graph" not in followed.out:
            folder.adb.check_there("starting benchmark_model")
            found = f"it does not answer as LiteRT's benchmark_model does: {_said(followed)}"
            fix = "name a libLiteRt.so or a benchmark_model"
            raise PruneError(f"{ASKED}: run {self.name}", found, fix)


def users_program(path: Path, elf: Elf, abi: str) -> BenchmarkModel:
    """Return the user's benchmark_model, built for Android, or for Linux with glibc or without."""
    if "libc.so.6" not in elf.needed:
        return BenchmarkModel(name=str(path), start=(f"./{PROGRAM}",), files={PROGRAM: path})
    own = linux(abi)
    return BenchmarkModel(
        name=str(path), start=own.start(PROGRAM), files={PROGRAM: path, **own.files}
    )


def check_program(runtime: str, *, per_op: bool) -> None:
    """Raise a PruneError for what benchmark_model cannot do, if that is what `runtime` names."""
    path = Path(runtime)
    if per_op and path.is_file() and read_elf(path).is_program:
        found = "benchmark_model tells no ops in a form that tfprune reads"
        raise PruneError(f"time each op with {runtime}", found, "use another runtime for that")


def _options(plan: RunnerPlan, runs: int) -> tuple[str, ...]:
    # The first run of all is not one of the warm-up here, but it is there.
    untimed, seconds = (1, 0.5) if plan.warmup is None else (plan.warmup + 1, 0)
    return (
        *(f"--num_runs={runs}", "--min_secs=0", f"--max_secs={_MOST_S}"),
        *(f"--warmup_runs={untimed}", f"--warmup_min_secs={seconds}"),
        f"--num_threads={plan.threads}",
        f"--use_xnnpack={str(plan.xnnpack).lower()}",
    )


def _files(i: int, reference: Reference) -> tuple[str, ...]:
    """Name the files of one model; what it calls its inputs is not asked, only their order."""
    shapes = [",".join(map(str, array.shape)) for array in reference.inputs.values()]
    names = [f"i{j}" for j in range(len(shapes))]
    values = [f"{name}:{i}.{j}.raw" for j, name in enumerate(names)]
    inputs = (
        f"--input_layer={','.join(names)}",
        f"--input_layer_shape={':'.join(shapes)}",
        f"--input_layer_value_files={','.join(values)}",
    )
    return (f"--graph={i}.tflite", f"--output_filepath={i}.out", *(inputs if names else ()))


def _read(folder: RemoteFolder, label: str, followed: Followed, runs: int) -> Printout:
    asked = f"run {label} on the phone"
    if _SEVERAL in followed.out:
        found = "it has several signatures, and benchmark_model runs none of them unasked"
        raise PruneError(asked, found, "convert one of them alone, or use another --runtime")
    if followed.code:
        folder.adb.check_there("running the models")
        raise PruneError(asked, _said(followed), "try --no-xnnpack, or another --runtime")
    printout = read_printout(followed.out, label)
    if printout.runs < runs:
        found = f"only {printout.runs} of {runs} runs of a round in {_MOST_S} s"
        raise PruneError(asked, found, "ask for fewer runs in a round, with --rounds")
    return printout


def _said(followed: Followed) -> str:
    """Return how it ended and what it called an error, or its last words."""
    lines = [*followed.said, *followed.out.splitlines()]
    errors = [line for line in lines if line.startswith(("ERROR", "FATAL"))]
    words = "; ".join(errors[:2] or lines[-3:]) or "nothing"
    return f"{followed.stopped or f'it ended with {followed.code}'}, and said: {words}"


def _fetch(folder: RemoteFolder, label: str, i: int, reference: Reference) -> list[dict[str, Any]]:
    """Return the outputs of the last round: their values lie one after another in one file."""
    asked, path = f"get the outputs of {label} from the phone", f"{folder.path}/{i}.out"
    if folder.adb.shell(quote("ls", path)).code:
        found = "this benchmark_model writes none: it has no --output_filepath"
        raise PruneError(asked, found, "use a newer one, or another --runtime")
    content, at, outputs = folder.adb.pull(path), 0, []
    for name, array in reference.outputs.items():
        dtype = np.dtype(reference.specs[name].dtype)
        size = array.size * dtype.itemsize
        values = base64.b64encode(content[at : at + size]).decode("ascii")
        row = {"name": name, "type": dtype.name, "shape": list(array.shape), "base64": values}
        outputs.append(row)
        at += size
    if at != len(content):
        raise PruneError(asked, f"{len(content)} bytes instead of {at}", "try another --runtime")
    return outputs


def _bare(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
