"""A .tflite file, loaded by an interpreter in a child process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.errors import PruneError
from tfprune.notes import Note
from tfprune.runners.child import Child, ChildDied
from tfprune.runners.failures import check_arguments, died, failed, missing, out_of_memory
from tfprune.runners.leash import limit_memory
from tfprune.runners.limits import memory_for, seconds_for
from tfprune.runners.profile import Profile, profile_ops
from tfprune.runners.rows import batch_of, cut, joined
from tfprune.runners.tensors import (
    TensorSpec,
    dequantize,
    fit_inputs,
    load_arrays,
    save_arrays,
    wants_real_values,
)

WORKER = Path(__file__).with_name("worker.py")


class Runner:
    """Run a .tflite file in a process of its own, so that a crash there is an error here.

    Args:
        path: The file.
        threads: Threads of the interpreter.
        xnnpack: Whether the XNNPACK delegate may take ops; without it the builtin kernels run.
        runtime: `"ai-edge-litert"`, `"tflite-runtime"`, or `"auto"`: the first that is installed.
        shapes: One shape per input, for a file that leaves sizes open. By default an open batch
            is 1, and a file with other open sizes is prepared for those of the first inputs.
        keep_all: Keep every intermediate tensor, for `tensors`; slower and larger.
        timeout_s: Seconds that one run may take; by default 50 for a file of a megabyte at most
            that no emulator runs, else 300.
        launcher: A command that runs `worker.py` given as its last argument, e.g. an emulator
            with its Python; by default this Python.

    Attributes:
        runtime: The package that runs the file, with its version.
        inputs, outputs: A `TensorSpec` each, in the file's order.
        load_ms: Milliseconds to build the interpreter, apply delegates and allocate tensors.

    Raises:
        FileError: there is no such file, or no interpreter can load it.
        ProcessDied: the interpreter crashed, was killed, or hung.
        PruneError: a bad argument, or the runtime is missing.

    Example:
        >>> with Runner("model.tflite") as runner:                   # doctest: +SKIP
        ...     [probabilities] = runner.run([np.zeros((1, 28, 28, 1), np.float32)])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        threads: int = 1,
        xnnpack: bool = True,
        runtime: str = "auto",
        shapes: Sequence[Sequence[int]] | None = None,
        keep_all: bool = False,
        timeout_s: float | None = None,
        launcher: Sequence[str] = (sys.executable,),
    ) -> None:
        self.path, self.threads, self.xnnpack = str(path), threads, xnnpack
        self._launcher = list(launcher)
        self._emulated = list(launcher) != [sys.executable]
        self._timeout_s = timeout_s or seconds_for(self.path, self._emulated)
        self._runs_at_once = 1
        self._settings: dict[str, Any] = {
            "threads": threads,
            "xnnpack": xnnpack,
            "runtime": runtime,
            "keep_all": keep_all,
        }
        self._child = Child([*launcher, str(WORKER)], self._timeout_s)
        try:
            self._ask("belong", **self._child.home)
            self.load(path, shapes)
        except BaseException:
            self.close()
            raise

    def load(
        self, path: str | os.PathLike[str], shapes: Sequence[Sequence[int]] | None = None
    ) -> None:
        """Load another file into the same process, in place of the one before.

        Args:
            path: The file.
            shapes: One shape per input, as at the start.

        Raises:
            FileError: there is no such file, or no interpreter can load it.
        """
        check_arguments(str(path), self.threads, self._settings["runtime"])
        self.path = str(path)
        memory = memory_for(self.path, self.threads)
        if self._emulated:
            limit_memory(memory, self.pid)
        wanted = None if shapes is None else [list(shape) for shape in shapes]
        answer = self._ask(
            "load",
            path=os.path.abspath(self.path),
            shapes=wanted,
            memory=memory,
            **self._settings,
        )
        self.runtime: str = answer["runtime"]
        self.load_ms: float = answer["load_ms"]
        self.inputs = [_spec(row) for row in answer["inputs"]]
        self.outputs = [_spec(row) for row in answer["outputs"]]

    @property
    def pid(self) -> int:
        """The process number of the child."""
        return self._child.pid

    @property
    def peak_memory_bytes(self) -> int:
        """Peak resident memory so far, in bytes, above what Python and the imports alone took.

        The kernel's high-water mark of the child (VmHWM), reset just before the file is loaded:
        it counts the mapped file, packed weights, tensors and scratch. 0 where /proc is missing.
        """
        return int(self._ask("memory")["peak_bytes"])

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run once and return one array for each output, in the file's order.

        Floats given to an integer input are quantized, and quantized outputs then come back as
        float32. Raw integers given to a quantized input give raw integers.

        Raises:
            PruneError: wrong count or shape of inputs, or the interpreter failed.
        """
        values = self._write(inputs)
        self._ask("run", inputs=values, outputs=self._file("outputs"))
        return self._real(load_arrays(self._file("outputs")), inputs)

    def run_rows(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run on all rows of arrays, with few requests; return as many rows for each output.

        Args:
            inputs: One array per input, in the file's order: rows of samples, as many as there
                are; they are cut to the file's batch. Floats for an integer input are quantized,
                integers of its own type are taken as they are.

        Returns:
            An array for each output; quantized ones as float32.

        Raises:
            PruneError: the rows do not fit, or the interpreter failed.
        """
        stacked = cut(inputs, self.inputs)
        found: list[list[np.ndarray]] = []
        start, runs = 0, min(map(len, stacked), default=0)
        while start < runs:
            began = time.monotonic()
            step = self._runs_at_once
            save_arrays(self._file("inputs"), [a[start : start + step] for a in stacked])
            self._ask("run_many", inputs=self._file("inputs"), outputs=self._file("outputs"))
            found.append(load_arrays(self._file("outputs")))
            start += step
            # As many as take about a second, so that a run that hangs is seen as early as before.
            took = time.monotonic() - began
            self._runs_at_once = max(1, 2 * step if took < 0.25 else step // (1 + (took > 1)))
        outputs = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        batch = batch_of(self.inputs)
        return joined(outputs, self.outputs, batch, len(np.asarray(inputs[0])), self.path)

    def _real(self, arrays: list[np.ndarray], inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return outputs in the terms of the inputs: real values unless those were raw integers."""
        if not wants_real_values(inputs, self.inputs):
            return arrays
        pairs = zip(arrays, self.outputs, strict=True)
        return [dequantize(a, spec) if spec.quantized else a for a, spec in pairs]

    def time(self, runs: int, inputs: Sequence[np.ndarray] | None = None) -> list[float]:
        """Invoke `runs` times and return the milliseconds of each.

        Only the invocation is inside the clock, not the copying of inputs and outputs. The inputs
        are those given, else those of the last call.
        """
        if runs < 1:
            raise PruneError(f"runs={runs}", "at least one run is needed", "runs=50")
        values = self._write(inputs) if inputs is not None else None
        answer = self._ask("time", runs=runs, inputs=values, times=runs)
        times: list[float] = answer["times_ms"]
        return times

    def run_marked(self, inputs: Sequence[np.ndarray]) -> list[list[Any]]:
        """Run twice, the second time between two marks that an instruction counter sees.

        Returns:
            First address, end, offset in the file and path of each mapping that holds code, as
            `tfprune.emulation.Counter.read` takes them.
        """
        mappings: list[list[Any]] = self._ask("mark", inputs=self._write(inputs))["mappings"]
        return mappings

    def tensors(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Return intermediate tensors of the last run, raw; needs `keep_all=True`."""
        self._ask("tensors", indices=[int(i) for i in indices], outputs=self._file("tensors"))
        return load_arrays(self._file("tensors"))

    def profile(self, inputs: Sequence[np.ndarray], runs: int = 20) -> Profile:
        """Return the time of each op, or a note why this runtime has none.

        It runs in another process through LiteRT's CompiledModel, with the same kernels;
        tflite-runtime ships no library with a profiler.
        """
        if not self.runtime.startswith("ai-edge-litert"):
            reason = f"no per-op profile: {self.runtime} offers none, ai-edge-litert does"
            return Profile((), (Note(self.path, reason),))
        return profile_ops(
            os.path.abspath(self.path),
            fit_inputs(inputs, self.inputs),
            self.inputs,
            threads=self.threads,
            xnnpack=self.xnnpack,
            runs=runs,
            memory=memory_for(self.path, self.threads),
            timeout_s=self._timeout_s,
            launcher=self._launcher,
        )

    def close(self) -> None:
        """End the child and remove its files; safe to call twice."""
        self._child.close()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _file(self, name: str) -> str:
        return str(self._child.folder / f"{name}.npy")

    def _write(self, inputs: Sequence[np.ndarray]) -> str:
        path = self._file("inputs")
        save_arrays(path, fit_inputs(inputs, self.inputs))
        return path

    def _ask(self, verb: str, times: int = 1, **values: Any) -> dict[str, Any]:
        asked = f"{'load' if verb == 'belong' else verb} {self.path}"
        try:
            answer = self._child.ask({"do": verb, **values}, times)
        except ChildDied as death:
            raise died(verb, asked, str(death), self._launcher) from death
        if answer.get("kind") == "missing-runtime":
            raise missing(asked, values["runtime"], answer["error"])
        if answer.get("kind") == "memory":
            raise out_of_memory(asked, answer["error"])
        if "error" in answer:
            raise failed(verb, asked, answer["error"])
        return answer


def _spec(row: dict[str, Any]) -> TensorSpec:
    signature_shape = row.pop("shape_signature")
    shape, aliases = tuple(row.pop("shape")), tuple(row.pop("aliases"))
    open_axes = tuple(a for a, n in enumerate(signature_shape) if n < 0)
    return TensorSpec(shape=shape, open_axes=open_axes, aliases=aliases, **row)
