"""Count the instructions of .tflite files on an emulated ARM core."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune import files
from tfprune.bench.naming import Models, name_models
from tfprune.emulation import Counter, Instructions
from tfprune.emulation.targets import DEFAULT_CPU
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.runners import Inputs, Runner, inputs_for
from tfprune.tables import Shown
from tfprune.tflite.reading import read_tflite

LABEL = "emulated: instructions, not time"
_NO_KERNEL = (
    "none of XNNPACK's kernels ran: the delegate took no op, or LiteRT's library holds no names"
)


@dataclass(frozen=True, kw_only=True)
class InstructionRow:
    """What one inference of one model executes.

    Args:
        label: The name it was given.
        path: The file.
        bytes: Its size.
        gzip_bytes: Its size after gzip -9.
        instructions: Executed by one inference.
        ratio: The baseline's instructions over this model's.
        kernels: Those in each of XNNPACK's microkernels, and in all else by library.
        runtime: What ran it, with its version.
        sparse: Whether the file has sparse-encoded tensors.
    """

    label: str
    path: str
    bytes: int
    gzip_bytes: int
    instructions: int
    ratio: float
    kernels: dict[str, int]
    runtime: str
    sparse: bool


@dataclass(frozen=True, kw_only=True)
class InstructionResult(Shown):
    """All rows, and what they were counted on.

    Args:
        rows: One for each model; the first is the baseline.
        cpu: The emulated core.
        settings: How they were counted.
        kind: What the numbers are, and are not.
        notes: What the numbers cannot show.
    """

    rows: tuple[InstructionRow, ...]
    cpu: str
    settings: dict[str, Any]
    kind: str = LABEL
    notes: tuple[Note, ...] = field(default=())

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.bench.instruction_table import instructions_table

        return instructions_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return asdict(self)


def count_instructions(
    models: Models, *, cpu: str = DEFAULT_CPU, inputs: Inputs = None, xnnpack: bool = True
) -> InstructionResult:
    """Count what one inference of each model executes, after one that is not counted.

    The count is exact and the same in every run but for some thousand instructions of the Python
    around it. It is no time: cores differ in how many they finish in a cycle, and wait for memory.

    Args:
        models: A path, a list of paths, or a dict from label to path; the first is the baseline.
        cpu: The emulated core, one of `tfprune.emulation.CPUS`.
        inputs: As in `benchmark`. Kernels of zeros that are skipped were chosen at conversion, so
            the values do not matter.
        xnnpack: Whether the XNNPACK delegate may take ops.

    Raises:
        MissingExtra: it must be set up first: `tfprune setup-arm64`.
        FileError: a file is missing, foreign or truncated.
        PruneError: there is no such core.

    Example:
        >>> result = count_instructions(["dense.tflite", "sparse.tflite"])    # doctest: +SKIP
        >>> [f"{row.label} {row.ratio:.2f}x" for row in result.rows]          # doctest: +SKIP
        ['dense 1.00x', 'sparse 2.04x']
    """
    rows: list[InstructionRow] = []
    notes: list[Note] = []
    with Counter(cpu) as counter:
        for label, path in track(list(name_models(models).items()), "counting instructions"):
            counted, runtime, more = _count(counter, path, inputs, xnnpack)
            notes += [Note(label, note.reason) for note in more]
            rows.append(_row(label, path, counted, runtime, rows[:1]))
        how = counter.how
    notes += [Note(row.label, _NO_KERNEL) for row in rows if not _kernels(row) and xnnpack]
    settings = {
        "emulator": how,
        "threads": 1,
        "inferences": "one, after one that is not counted",
        "xnnpack": xnnpack,
        "inputs": "random" if inputs is None else "given",
    }
    return InstructionResult(rows=tuple(rows), cpu=cpu, settings=settings, notes=tuple(notes))


def _count(
    counter: Counter, path: str, inputs: Inputs, xnnpack: bool
) -> tuple[Instructions, str, list[Note]]:
    with Runner(path, xnnpack=xnnpack, launcher=counter.launcher) as runner:
        values, notes = inputs_for(runner, inputs)
        return counter.read(runner.run_marked(values)), runner.runtime, notes


def _row(
    label: str, path: str, counted: Instructions, runtime: str, baseline: list[InstructionRow]
) -> InstructionRow:
    content = files.read_bytes(path)
    reference = baseline[0].instructions if baseline else counted.total
    return InstructionRow(
        label=label,
        path=path,
        bytes=len(content),
        gzip_bytes=files.gzip_bytes(content),
        instructions=counted.total,
        ratio=reference / counted.total,
        kernels=counted.kernels,
        runtime=runtime,
        sparse=any(tensor.sparse for tensor in read_tflite(path).tensors),
    )


def _kernels(row: InstructionRow) -> list[str]:
    return [name for name in row.kernels if not name.startswith("(")]
