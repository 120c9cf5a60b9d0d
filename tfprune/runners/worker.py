"""The child that holds one interpreter: JSON lines in, JSON lines out, tensors in files.

It imports nothing of tfprune, so that it also runs alone, under an emulator or on a board:

    echo '{"do": "load", "path": "model.tflite"}' | python worker.py

Each request is one JSON object on a line, its verb under `"do"`; each answer is one JSON object,
`{"error": ..., "kind": ...}` when the request failed. End of input ends the process.
"""

from __future__ import annotations

import os
import sys

# This script's folder is a package's folder; nothing in it may shadow a standard module.
if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]

import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import shutil
import time
from collections.abc import Callable, Iterable
from typing import Any, TextIO

import numpy as np

PARENT = os.getppid()


def neighbour(name: str) -> Any:
    """Import the script of this name that lies beside this one."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


leash = neighbour("leash")
Request = dict[str, Any]
Answer = dict[str, Any]

# The marks that an instruction counter around this process sees (tfprune/emulation/counter.c).
MARK, START, STOP = -77, 1, 2

RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}


class MissingRuntime(Exception):
    """None of the packages asked for can be imported."""


def code_mappings() -> list[list[Any]]:
    """Return first address, end, offset in the file and path of every file mapped as code."""
    found = []
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            span, rights, offset, _, _, *path = line.split(None, 5)
            if "x" in rights and path:
                start, end = (int(number, 16) for number in span.split("-"))
                found.append([start, end, int(offset, 16), path[0].strip()])
    return found


def import_runtime(wanted: str) -> tuple[str, Any]:
    """Import an interpreter module; return its package with the version, and the module."""
    tried = []
    for package in RUNTIMES if wanted == "auto" else [wanted]:
        try:
            module = importlib.import_module(RUNTIMES[package] + ".interpreter")
        except ImportError as error:
            tried.append(f"{package}: {error}")
        else:
            return f"{package} {importlib.metadata.version(package)}", module
    raise MissingRuntime("; ".join(tried))


class Worker:
    """One interpreter and the verbs that a request may name."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.verbs: dict[str, Callable[[Request], Answer]] = {
            "load": self.load,
            "run": self.run,
            "run_many": self.run_many,
            "time": self.time,
            "mark": self.mark,
            "tensors": self.tensors,
            "memory": self.memory,
            "belong": self.belong,
        }

    def belong(self, request: Request) -> Answer:
        """End with the parent, and remove the folder that it made for this process."""
        self.folder = request["folder"]
        leash.end_with(request.get("parent") or PARENT, self.folder)
        return {}

    def load(self, request: Request) -> Answer:
        """Build the interpreter; answer with its specs and what loading took."""
        self.runtime, module = import_runtime(request.get("runtime", "auto"))
        if "memory" in request:
            leash.limit_memory(request["memory"])
        kinds = module.OpResolverType
        with_delegates = request.get("xnnpack", True)
        self.baseline = leash.reset_peak()
        start = time.perf_counter()
        self.interpreter = module.Interpreter(
            model_path=request["path"],
            num_threads=request.get("threads", 1),
            experimental_op_resolver_type=kinds.AUTO
            if with_delegates
            else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=request.get("keep_all", False),
        )
        self.allocated = False
        if request.get("shapes") or not self._is_open():
            self._allocate(request.get("shapes"))
        load_ms = (time.perf_counter() - start) * 1e3
        return {"runtime": self.runtime, "load_ms": load_ms, **self._specs()}

    def _is_open(self) -> bool:
        """Whether a size but the batch is open: at a size that is only guessed it may not run."""
        details = self.interpreter.get_input_details()
        return any(n < 0 for detail in details for n in detail["shape_signature"][1:])

    def _allocate(self, shapes: list[list[int]] | None) -> None:
        """Give every input its shape: the one asked for, else 1 for a batch of any size."""
        for i, detail in enumerate(self.interpreter.get_input_details()):
            own = [int(n) for n in detail["shape_signature"]]
            shape = shapes[i] if shapes else [1 if n < 0 else n for n in own]
            if shape != [int(n) for n in detail["shape"]]:
                self.interpreter.resize_tensor_input(detail["index"], shape, strict=True)
        self.allocated = False
        self.interpreter.allocate_tensors()
        self.allocated = True

    def _specs(self) -> Answer:
        signatures = self.interpreter._get_full_signature_list()
        first: dict[str, dict[str, int]] = next(iter(signatures.values()), {})
        return {
            "inputs": _describe(self.interpreter.get_input_details(), first.get("inputs", {})),
            "outputs": _describe(self.interpreter.get_output_details(), first.get("outputs", {})),
        }

    def _read(self, path: str) -> list[np.ndarray]:
        with open(path, "rb") as arrays:
            count = len(self.interpreter.get_input_details())
            return [np.load(arrays, allow_pickle=False) for _ in range(count)]

    def _set(self, path: str) -> None:
        self._fill(self._read(path))

    def _fill(self, values: list[np.ndarray]) -> None:
        details = self.interpreter.get_input_details()
        shapes = [list(value.shape) for value in values]
        changed = any(s != list(d["shape"]) for s, d in zip(shapes, details, strict=True))
        if changed or not self.allocated:
            self._allocate(shapes)
        for detail, value in zip(details, values, strict=True):
            self.interpreter.set_tensor(detail["index"], value)

    def run(self, request: Request) -> Answer:
        """Run once on the arrays of one file and write the outputs to another."""
        self._set(request["inputs"])
        self.interpreter.invoke()
        indices = [detail["index"] for detail in self.interpreter.get_output_details()]
        return self._save(indices, request["outputs"])

    def run_many(self, request: Request) -> Answer:
        """Run on each of many inputs, stacked in one file; write the outputs stacked alike."""
        samples = self._read(request["inputs"])
        self._fill(
            [np.asarray(stack[0]) for stack in samples]
        )  # all have one shape: allocated once
        places = [detail["index"] for detail in self.interpreter.get_input_details()]
        outputs = [detail["index"] for detail in self.interpreter.get_output_details()]
        put, get = self.interpreter.set_tensor, self.interpreter.get_tensor
        rows: list[list[np.ndarray]] = [[] for _ in outputs]
        for values in zip(*samples, strict=True):
            for place, value in zip(places, values, strict=True):
                put(place, np.asarray(value))  # of inputs without axes NumPy gives scalars
            self.interpreter.invoke()
            for row, output in zip(rows, outputs, strict=True):
                row.append(get(output))
        return _write([np.stack(row) for row in rows], request["outputs"])

    def time(self, request: Request) -> Answer:
        """Invoke `runs` times, on new inputs if there are any; answer in milliseconds."""
        if request.get("inputs"):
            self._set(request["inputs"])
        times = []
        for _ in range(request["runs"]):
            start = time.perf_counter()
            self.interpreter.invoke()
            times.append((time.perf_counter() - start) * 1e3)
        return {"times_ms": times}

    def mark(self, request: Request) -> Answer:
        """Invoke once between two marks, after one that is not counted; tell where code lies."""
        self._set(request["inputs"])
        self.interpreter.invoke()
        seek, nothing = ctypes.CDLL(None).lseek, ctypes.c_long(0)
        seek(MARK, ctypes.c_long(START), nothing)
        self.interpreter.invoke()
        seek(MARK, ctypes.c_long(STOP), nothing)
        return {"mappings": code_mappings()}

    def tensors(self, request: Request) -> Answer:
        """Write the tensors with these indices, as they are after the last run."""
        return self._save(request["indices"], request["outputs"])

    def _save(self, indices: list[int], path: str) -> Answer:
        return _write((self.interpreter.get_tensor(index) for index in indices), path)

    def memory(self, request: Request) -> Answer:
        """Answer with the peak of resident memory above what the imports alone took."""
        return {"peak_bytes": max(0, leash.resident_bytes("VmHWM") - self.baseline)}


def _write(arrays: Iterable[np.ndarray], path: str) -> Answer:
    with open(path, "wb") as file:
        for array in arrays:
            np.save(file, array, allow_pickle=False)
    return {}


def _describe(details: list[dict[str, Any]], signature: dict[str, int]) -> list[Answer]:
    # Several names may stand for one tensor, and one tensor may be listed several times.
    names: dict[int, list[str]] = {}
    for name, index in signature.items():
        names.setdefault(index, []).append(name)
    return [
        {
            "name": str(detail["name"]),
            "signature": next(iter(names.get(detail["index"], ())), None),
            "aliases": names.get(detail["index"], [])[1:],
            "index": int(detail["index"]),
            "shape": [int(n) for n in detail["shape"]],
            "shape_signature": [int(n) for n in detail["shape_signature"]],
            "dtype": np.dtype(detail["dtype"]).name,
            "scale": float(detail["quantization"][0]),
            "zero_point": int(detail["quantization"][1]),
        }
        for detail in details
    ]


def answer(worker: Worker, line: str) -> Answer:
    """Do what one line asks; an error becomes an answer."""
    try:
        request = json.loads(line)
        return worker.verbs[request["do"]](request)
    except MissingRuntime as error:
        return {"error": str(error), "kind": "missing-runtime"}
    except MemoryError as error:
        return {"error": f"{type(error).__name__}: {error}", "kind": "memory"}
    except Exception as error:
        if not str(error).strip():  # all that LiteRT says when it gets no room for its tensors
            return {
                "error": "it stopped without a word, as where memory runs out",
                "kind": "memory",
            }
        return {"error": f"{type(error).__name__}: {error}", "kind": "failed"}


def serve(lines: TextIO, answers: TextIO) -> None:
    """Answer every line until the input ends."""
    worker = Worker()
    for line in lines:
        answers.write(json.dumps(answer(worker, line)) + "\n")
        answers.flush()
    if worker.folder:  # a parent that lives ends this process otherwise
        shutil.rmtree(worker.folder, ignore_errors=True)


if __name__ == "__main__":
    # The runtime's C++ side may print to file descriptor 1; answers must not mix with that.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as own_channel:
        os.dup2(2, 1)
        serve(sys.stdin, own_channel)
