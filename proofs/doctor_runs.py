"""Load, run and profile many .tflite files in one process; made to run inside an emulator.

It needs only numpy and ai-edge-litert, and `op_profile.py` of tfprune.runners beside it on the
path. Each request is a line of JSON on standard input, each answer a line on standard output, so
that a file which ends the process is known.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one file: its outputs go to `request["outputs"]`, an .npz; return the kernels that ran.

    An answer with `"error"` means that the file did not load.
    """
    from ai_edge_litert.interpreter import Interpreter

    with np.load(request["inputs"], allow_pickle=False) as arrays:
        inputs = {name: arrays[name] for name in arrays.files}
    try:
        interpreter = Interpreter(request["path"], num_threads=1)
        signature = next(iter(interpreter._get_full_signature_list().values()))
        for detail in interpreter.get_input_details():
            [name] = [n for n, i in signature["inputs"].items() if i == detail["index"]]
            if list(detail["shape"]) != list(inputs[name].shape):
                interpreter.resize_tensor_input(detail["index"], inputs[name].shape)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        return {"error": str(error)}
    for name, index in signature["inputs"].items():
        interpreter.set_tensor(index, inputs[name])
    interpreter.invoke()
    outputs = signature["outputs"]
    np.savez(request["outputs"], *(interpreter.get_tensor(outputs[n]) for n in sorted(outputs)))
    return compiled(request["path"], inputs)


def compiled(path: str, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """Run a file once more, by LiteRT's CompiledModel: it tells kernels, an Interpreter does not.

    Returns:
        `"kernels"`, which ran, in order, or None where the runtime can't tell; `"compiled"`, the
        outputs as flat lists, if they are float32.
    """
    import ctypes

    import op_profile

    try:
        model = op_profile.Model(path, "num_threads = 1\n")
        sides = model.buffers("Input"), model.buffers("Output")
        for buffer, name in zip(sides[0], model.input_names(len(inputs)), strict=True):
            model.fill(op_profile.Handle(buffer), inputs[name])
        sizes = [ctypes.c_size_t(len(side)) for side in sides]
        run = ("RunCompiledModel", model.compiled, ctypes.c_size_t(0), sizes[0], sides[0])
        run = (*run, sizes[1], sides[1])
        model.call(*run)
        kernels = [name for name, _ in op_profile.one_run(model, run)]
        outputs = [np.frombuffer(model.read(op_profile.Handle(b)), np.float32) for b in sides[1]]
    except (RuntimeError, OSError, ValueError):
        return {"kernels": None, "compiled": []}
    return {"kernels": kernels, "compiled": [array.tolist() for array in outputs]}


def serve() -> None:
    """Answer line by line, on the real standard output; the runtime's own words go to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            answers.write(json.dumps(answer(json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    sys.path.insert(1, sys.argv[1])
    serve()
