"""A child that times each op of one .tflite file, through LiteRT's C API.

`Interpreter` in Python has no profiler; the library beside it has one (`litert_profiler.h`), which
its CompiledModel fills when the runtime option `enable_profiling` is set. Like `worker.py` it
imports nothing of tfprune and runs alone, with one JSON object on standard input:

    echo '{"path": "model.tflite", "threads": 1, "xnnpack": true, "runs": 20,
           "names": ["image"], "inputs": "x.npy"}' | tr -d '\\n' | python op_profile.py

It prints one JSON object: `{"ops": [[name, [microseconds of each run]], ...]}` in running order,
or `{"error": ...}`. The ops of XNNPACK stand in place of the delegate. With `"folder"` it ends
with its parent and removes that folder; with `"memory"` it takes at most so many bytes more.
"""

from __future__ import annotations

import ctypes
import os
import sys

if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]

import importlib.util
import json
from typing import Any

import numpy as np

PARENT = os.getppid()
Handle = ctypes.c_void_p
CPU = 1
READ, WRITE = 0, 1
# LiteRtProfilerEventType: an op of the file, or one inside a delegate such as XNNPACK (two kinds).
OPS = (1 << 1, 1 << 2, 1 << 3)


class LiteRtLayout(ctypes.Structure):
    """`LiteRtLayout` of litert_layout.h."""

    _fields_ = (
        ("rank", ctypes.c_uint, 7),
        ("has_strides", ctypes.c_uint, 1),
        ("sizes", ctypes.c_int32 * 8),
        ("strides", ctypes.c_uint32 * 8),
    )


class RankedType(ctypes.Structure):
    """`LiteRtRankedTensorType` of litert_model_types.h."""

    _fields_ = (("element", ctypes.c_int32), ("layout", LiteRtLayout))


class Event(ctypes.Structure):
    """`ProfiledEventData` of litert_profiler_event.h."""

    _fields_ = (
        ("tag", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("memory", ctypes.c_int64 * 6),
        ("node", ctypes.c_uint64),
        ("metadata", ctypes.c_uint64),
        ("source", ctypes.c_int),
    )


def open_library() -> ctypes.CDLL:
    """Load libLiteRt.so of the installed ai-edge-litert."""
    package = importlib.util.find_spec("ai_edge_litert")
    if package is None or package.origin is None:
        raise RuntimeError("ai-edge-litert is not installed")
    return ctypes.CDLL(os.path.join(os.path.dirname(package.origin), "libLiteRt.so"))


class Model:
    """A compiled model whose runs are profiled; it lives until the process ends."""

    def __init__(self, path: str, settings: str) -> None:
        self.library = open_library()
        self.environment, self.model, options = Handle(), Handle(), Handle()
        self.compiled, self.profiler, self.signature = Handle(), Handle(), Handle()
        self.call("CreateEnvironment", 0, None, ctypes.byref(self.environment))
        self.call(
            "CreateModelFromFile", self.environment, os.fsencode(path), ctypes.byref(self.model)
        )
        self.call("CreateOptions", ctypes.byref(options))
        self.call("SetOptionsHardwareAccelerators", options, CPU)
        self._option(options, b"runtime_options_string", b"enable_profiling = true\n")
        self._option(options, b"xnnpack", settings.encode())
        self.call(
            "CreateCompiledModel",
            self.environment,
            self.model,
            options,
            ctypes.byref(self.compiled),
        )
        self.call("CompiledModelGetProfiler", self.compiled, ctypes.byref(self.profiler))
        if not self.profiler:
            raise RuntimeError("this version of LiteRT gives no profiler")
        self.call("GetModelSignature", self.model, ctypes.c_size_t(0), ctypes.byref(self.signature))

    def call(self, name: str, *arguments: Any) -> None:
        """Call `LiteRt<name>`; every status but 0 is an error."""
        status = getattr(self.library, "LiteRt" + name)(*arguments)
        if status:
            raise RuntimeError(f"LiteRt{name} returned {status}")

    def _option(self, options: Handle, identifier: bytes, toml: bytes) -> None:
        libc = ctypes.CDLL(None)
        libc.strdup.restype = Handle
        option = Handle()
        # LiteRT frees the payload itself, so it must come from malloc.
        payload, free = Handle(libc.strdup(toml)), ctypes.cast(libc.free, Handle)
        self.call("CreateOpaqueOptions", identifier, payload, free, ctypes.byref(option))
        self.call("AddOpaqueOptions", options, option)

    def buffers(self, side: str) -> Any:
        """Create the buffers of all `"Input"` or `"Output"` tensors, as a C array."""
        count = ctypes.c_size_t()
        self.call(f"GetNumSignature{side}s", self.signature, ctypes.byref(count))
        layouts = self._layouts(side, count.value)
        made = (Handle * count.value)()
        for i in range(count.value):
            tensor, needs, index = Handle(), Handle(), ctypes.c_size_t(i)
            kind = RankedType()
            self.call(
                f"GetSignature{side}TensorByIndex", self.signature, index, ctypes.byref(tensor)
            )
            self.call("GetRankedTensorType", tensor, ctypes.byref(kind))
            kind.layout = layouts[i]
            self.call(
                f"GetCompiledModel{side}BufferRequirements",
                self.compiled,
                ctypes.c_size_t(0),
                index,
                ctypes.byref(needs),
            )
            buffer = Handle()
            self.call(
                "CreateManagedTensorBufferFromRequirements",
                self.environment,
                ctypes.byref(kind),
                needs,
                ctypes.byref(buffer),
            )
            made[i] = buffer
        return made

    def _layouts(self, side: str, count: int) -> Any:
        layouts = (LiteRtLayout * count)()
        first = ctypes.c_size_t(0)
        if side == "Output":
            name, size = "GetCompiledModelOutputTensorLayouts", ctypes.c_size_t(count)
            self.call(name, self.compiled, first, size, layouts, ctypes.c_bool(True))
            return layouts
        for i in range(count):
            name, index = "GetCompiledModelInputTensorLayout", ctypes.c_size_t(i)
            self.call(name, self.compiled, first, index, ctypes.byref(layouts[i]))
        return layouts

    def input_names(self, count: int) -> list[str]:
        """Return the names of the inputs in the signature, in the order of the buffers."""
        names = []
        for i in range(count):
            name = ctypes.c_char_p()
            index = ctypes.c_size_t(i)
            self.call("GetSignatureInputName", self.signature, index, ctypes.byref(name))
            names.append((name.value or b"").decode())
        return names

    def fill(self, buffer: Handle, array: np.ndarray) -> None:
        """Copy `array` into an input buffer."""
        size, address = ctypes.c_size_t(), Handle()
        self.call("GetTensorBufferPackedSize", buffer, ctypes.byref(size))
        if size.value != array.nbytes:
            raise RuntimeError(f"an input holds {size.value} bytes, not {array.nbytes}")
        self.call("LockTensorBuffer", buffer, ctypes.byref(address), WRITE)
        assert address.value is not None
        ctypes.memmove(address.value, np.ascontiguousarray(array).ctypes.data, array.nbytes)
        self.call("UnlockTensorBuffer", buffer)

    def read(self, buffer: Handle) -> bytes:
        """Copy what an output buffer holds."""
        size, address = ctypes.c_size_t(), Handle()
        self.call("GetTensorBufferPackedSize", buffer, ctypes.byref(size))
        self.call("LockTensorBuffer", buffer, ctypes.byref(address), READ)
        content = ctypes.string_at(address.value or 0, size.value)
        self.call("UnlockTensorBuffer", buffer)
        return content

    def events(self) -> Any:
        """Return what the profiler has collected, as a C array of `Event`."""
        count = ctypes.c_int()
        self.call("GetNumProfilerEvents", self.profiler, ctypes.byref(count))
        found = (Event * count.value)()
        self.call("GetProfilerEvents", self.profiler, count, found)
        return found


def profile(request: dict[str, Any]) -> list[list[Any]]:
    """Run the file and return the name and times of each op."""
    settings = f"num_threads = {request['threads']}\n"
    if not request["xnnpack"]:
        settings += 'kernel_mode = "builtin"\n'
    model = Model(request["path"], settings)
    inputs, outputs = model.buffers("Input"), model.buffers("Output")
    with open(request["inputs"], "rb") as arrays:
        given = {name: np.load(arrays, allow_pickle=False) for name in request["names"]}
    for buffer, name in zip(inputs, model.input_names(len(inputs)), strict=True):
        model.fill(Handle(buffer), given[name])
    sides = (ctypes.c_size_t(len(inputs)), inputs, ctypes.c_size_t(len(outputs)), outputs)
    run = ("RunCompiledModel", model.compiled, ctypes.c_size_t(0), *sides)
    model.call(*run)
    profiled = [one_run(model, run) for _ in range(request["runs"])]
    if len({tuple(name for name, _ in ops) for ops in profiled}) > 1:
        raise RuntimeError("the runs did not consist of the same ops")
    return [[name, [ops[i][1] for ops in profiled]] for i, (name, _) in enumerate(profiled[0])]


def one_run(model: Model, run: tuple[Any, ...]) -> list[tuple[str, int]]:
    """Run once; return the name and microseconds of each op, in order."""
    model.call("ResetProfiler", model.profiler)
    model.call("StartProfiler", model.profiler)
    model.call(*run)
    model.call("StopProfiler", model.profiler)
    ops = [
        (event.tag.decode(), int(event.elapsed_us)) for event in model.events() if event.kind in OPS
    ]
    # A delegate's own node is the sum of the ops inside it.
    return [(name, us) for name, us in ops if "Delegate" not in name]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Profile as asked, within the bounds asked for; an error becomes an answer."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leash.py")
    spec = importlib.util.spec_from_file_location("leash", path)
    assert spec is not None and spec.loader is not None
    leash = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(leash)
    try:
        if "folder" in request:
            leash.end_with(request.get("parent") or PARENT, request["folder"])
        if "memory" in request:
            leash.limit_memory(request["memory"])
        return {"ops": profile(request)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    # The runtime's C++ side may print to file descriptor 1; the answer must not mix with that.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as own_channel:
        os.dup2(2, 1)
        own_channel.write(json.dumps(answer(json.loads(sys.stdin.readline()))) + "\n")
