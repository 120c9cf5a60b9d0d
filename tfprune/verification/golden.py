"""A golden sample: a handful of inputs, and the outputs that a file must give for them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune import files
from tfprune._version import __version__
from tfprune.data import Batches, Wanted
from tfprune.errors import FileError, PruneError
from tfprune.files.arrays import read_npz
from tfprune.notes import Note
from tfprune.runners import Runner, TensorSpec, quantize
from tfprune.runners.given import described
from tfprune.runners.samples import random_inputs
from tfprune.runners.tensors import fit_inputs
from tfprune.tables import Shown
from tfprune.tflite.reading import read_tflite
from tfprune.verification.tolerance import precision_of

SCHEMA = "tfprune.golden/1"
_FIX = "make it again: tfprune.golden_sample(tflite, data)"
_STEPS = 4
_FLOAT = {"float32": 1e-3, "float16": 1e-2}
_OTHER = 2e-2
_TIMES = 4

PathLike = str | os.PathLike[str]
Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class GoldenTensor:
    """One input or output of the file.

    Args:
        name: In the file's signature, else the tensor's.
        dtype: NumPy's name.
        scale, zero_point: Of a quantized tensor, else 0.
        tolerance: Of an output: how far any value may be off, in the numbers that are stored.
    """

    name: str
    dtype: str
    scale: float = 0.0
    zero_point: int = 0
    tolerance: float | None = None


@dataclass(frozen=True, kw_only=True)
class GoldenSample(Shown):
    """A handful of inputs, and the outputs that a file must give for them.

    Args:
        path: The JSON document; the arrays lie beside it in an `.npz` of the same name.
        file: The name of the `.tflite` file.
        sha256: Its hash.
        samples: How many inputs there are.
        precision: How the file computes.
        inputs, outputs: What goes in and comes out, in the file's order.
        runtime: What made the outputs.
        notes: What is to be known of it.
    """

    path: str
    file: str
    sha256: str
    samples: int
    precision: str
    inputs: tuple[GoldenTensor, ...]
    outputs: tuple[GoldenTensor, ...]
    runtime: str
    notes: tuple[Note, ...] = ()

    @property
    def arrays_path(self) -> Path:
        """The file with the arrays."""
        return Path(self.path).with_suffix(".npz")

    def arrays(self) -> list[tuple[list[Array], list[Array]]]:
        """Return the inputs and the outputs of each sample, raw as the file takes and gives them.

        Raises:
            FileError: they are missing, broken, or fewer than the document says.
        """
        found = read_npz(self.arrays_path, _FIX)
        try:
            return [
                tuple(  # type: ignore[misc]
                    [found[f"{i}_{side}_{place}"] for place in range(len(tensors))]
                    for side, tensors in (("input", self.inputs), ("output", self.outputs))
                )
                for i in range(self.samples)
            ]
        except KeyError as error:
            found_words = f"it holds no array {error.args[0]!r}"
            raise FileError(f"read {self.arrays_path}", found_words, _FIX) from error

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.verification.table import golden_table

        return golden_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return asdict(self)


def golden_sample(
    tflite: PathLike, data: Any = None, out: PathLike | None = None, *, samples: int = 4
) -> GoldenSample:
    """Write a handful of inputs and the outputs a file must give for them: a check for an app.

    The file runs here, with XNNPACK and without. Its outputs with XNNPACK are stored, as raw as
    the interpreter gives them, and for each output how far a device may be off: the largest of 4
    times the difference of the two; 1e-3 of the largest value for float32 files, 1e-2 for
    float16, 2e-2 for others with float outputs; and 4 steps of a quantized output.

    Args:
        tflite: The file.
        data: Inputs in any form that `fit` takes, or a path: docs/data.md. By default random
            ones of seeds 0, 1, ...: real ones say more.
        out: The JSON document, `model.golden.json` beside `model.tflite` by default; the arrays
            go into an `.npz` beside it.
        samples: At most how many runs.

    Returns:
        What was written. `tfprune verify model.tflite --golden model.golden.json` checks it again,
        `tfprune benchmark model.tflite --android --golden model.golden.json` on a phone.

    Raises:
        FileError: the file is missing or broken, or `out` is no `.json` or cannot be written.
        PruneError: the data does not fit, or the outputs are not finite.

    Example:
        >>> golden_sample("model.tflite", "test.npz").samples            # doctest: +SKIP
        4
    """
    if samples < 1:
        raise PruneError(f"samples={samples}", "at least one sample is needed", "samples=4")
    target = Path(out) if out is not None else Path(tflite).with_suffix(".golden.json")
    if target.suffix != ".json":
        raise FileError(f"write {target}", "it is no .json file", f"name it {target}.json")
    content = files.read_bytes(tflite)
    precision = precision_of(read_tflite(str(tflite)))
    with Runner(tflite) as runner, Runner(tflite, xnnpack=False) as plain:
        inputs, notes = _inputs(runner, data, samples, str(tflite))
        expected = [raw_outputs(runner, given) for given in inputs]
        other = [raw_outputs(plain, given) for given in inputs]
        specs, runtime = (runner.inputs, runner.outputs), runner.runtime
    made = GoldenSample(
        path=str(target),
        file=Path(tflite).name,
        sha256=hashlib.sha256(content).hexdigest(),
        samples=len(inputs),
        precision=precision,
        inputs=tuple(_tensor(spec) for spec in specs[0]),
        outputs=tuple(
            _tensor(spec, _tolerance(spec, wanted, found, precision))
            for spec, wanted, found in zip(
                specs[1], zip(*expected, strict=True), zip(*other, strict=True), strict=True
            )
        ),
        runtime=runtime,
        notes=tuple(notes),
    )
    _write(made, inputs, expected)
    return made


def _inputs(
    runner: Runner, data: Any, samples: int, path: str
) -> tuple[list[list[Array]], list[Note]]:
    if data is None:
        if any(spec.is_open for spec in runner.inputs):
            fix = "give inputs: golden_sample(file, x)"
            raise PruneError(f"a golden sample of {path}", "it leaves sizes open", fix)
        drawn = [random_inputs(runner.inputs, seed) for seed in range(samples)]
        return drawn, [Note("inputs", "random, for none were given: real ones say more")]
    wanted, batched = described(runner.inputs)
    asked = f"a golden sample of {path}"
    size = runner.inputs[0].shape[0] if batched else 1
    fixed = tuple(replace(spec, shape=(size, *spec.shape[1:])) for spec in wanted)
    batches = Batches(data, Wanted(asked=asked, inputs=fixed, steps=samples))
    found = []
    for batch in batches:
        arrays = list(batch.inputs.values())
        arrays = arrays if batched else [array[0] for array in arrays]
        found.append(fit_inputs(arrays, runner.inputs))
    return found[:samples], [note for note in batches.notes if "it ended after" not in note.reason]


def raw_outputs(runner: Runner, inputs: Sequence[Array]) -> list[Array]:
    """Return the outputs as the interpreter gives them: integers where they are quantized."""
    outputs = zip(runner.run(inputs), runner.outputs, strict=True)
    return [
        quantize(a, spec) if spec.quantized and np.issubdtype(a.dtype, np.floating) else a
        for a, spec in outputs
    ]


def _tensor(spec: TensorSpec, tolerance: float | None = None) -> GoldenTensor:
    scale = spec.scale if spec.quantized else 0.0
    zero = spec.zero_point if spec.quantized else 0
    name = spec.signature or spec.name
    return GoldenTensor(
        name=name, dtype=spec.dtype, scale=scale, zero_point=zero, tolerance=tolerance
    )


def _tolerance(
    spec: TensorSpec, expected: Sequence[Array], other: Sequence[Array], precision: str
) -> float:
    """Return how far any value of an output may be off, in the numbers that are stored."""
    wanted, found = (np.stack(arrays).astype(np.float64) for arrays in (expected, other))
    if not np.isfinite(wanted).all():
        fix = "check the model and the inputs"
        raise PruneError("a golden sample", f"the output {spec.name!r} is not finite", fix)
    between = _TIMES * float(np.abs(wanted - found).max(initial=0.0))
    if spec.quantized:
        return max(float(_STEPS), between)
    if not np.issubdtype(np.dtype(spec.dtype), np.floating):
        return between
    return max(_FLOAT.get(precision, _OTHER) * float(np.abs(wanted).max(initial=0.0)), between)


def _write(
    made: GoldenSample, inputs: Sequence[Sequence[Array]], outputs: Sequence[Sequence[Array]]
) -> None:
    arrays = {
        f"{i}_{side}_{place}": array
        for side, samples in (("input", inputs), ("output", outputs))
        for i, sample in enumerate(samples)
        for place, array in enumerate(sample)
    }
    tolerances = [tensor.tolerance or 0.0 for tensor in made.outputs]
    arrays["tolerance"] = np.array(tolerances)  # so that an app needs this file alone
    with files.replacing(made.arrays_path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    document = {"schema": SCHEMA, "version": __version__, **made.to_dict()}
    del document["path"]
    files.write_text(made.path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_golden(path: PathLike) -> GoldenSample:
    """Read the document of a golden sample.

    Raises:
        FileError: it is missing, or no such document.
    """
    try:
        values = json.loads(files.read_bytes(path))
        if values["schema"] != SCHEMA:
            raise ValueError(f"its schema is {values['schema']!r}, not {SCHEMA!r}")
        return GoldenSample(
            path=str(path),
            file=str(values["file"]),
            sha256=str(values["sha256"]),
            samples=_counted(values["samples"]),
            precision=str(values["precision"]),
            inputs=tuple(_read_tensor(row, {}) for row in values["inputs"]),
            outputs=tuple(
                _read_tensor(row, {"tolerance": _finite(row["tolerance"])})
                for row in values["outputs"]
            ),
            runtime=str(values["runtime"]),
        )
    except FileError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        found = f"it is no golden sample: {error}"
        raise FileError(f"read {path}", found, _FIX) from error


def _read_tensor(row: Any, more: dict[str, float]) -> GoldenTensor:
    dtype = np.dtype(str(row["dtype"])).name
    scale, zero = _finite(row["scale"]), int(row["zero_point"])
    return GoldenTensor(name=str(row["name"]), dtype=dtype, scale=scale, zero_point=zero, **more)


def _finite(value: Any) -> float:
    if not 0 <= float(value) < float("inf"):
        raise ValueError(f"{value} is no tolerance or scale")
    return float(value)


def _counted(value: Any) -> int:
    if int(value) < 1:
        raise ValueError(f"it holds {value} samples")
    return int(value)


def same_file(golden: GoldenSample, tflite: PathLike) -> None:
    """Raise FileError unless a golden sample is of this very file."""
    found = hashlib.sha256(files.read_bytes(tflite)).hexdigest()
    if found != golden.sha256:
        raise FileError(
            f"check {tflite} by {golden.path}",
            f"the sample is of another file: {golden.file} of hash {golden.sha256[:12]}, "
            f"this one has {found[:12]}",
            _FIX,
        )
