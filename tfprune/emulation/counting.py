"""Exact counts of the instructions that one inference executes, for each of XNNPACK's kernels."""

from __future__ import annotations

import functools
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfprune import files
from tfprune.emulation.place import PathLike, find_setup
from tfprune.emulation.symbols import Symbols, read_symbols
from tfprune.emulation.targets import DEFAULT_CPU, check_cpu
from tfprune.errors import PruneError

Mapping = Sequence[int | str]
"""First address, end, offset in the file, and path of memory that holds code."""

_FIRST, _LAST = "tfprune counts", "end"


@dataclass(frozen=True)
class Instructions:
    """What ran between two marks.

    Args:
        total: All instructions of the process.
        kernels: Those in each of XNNPACK's microkernels, by its name in XNNPACK's source, and in
            everything else by the name of its library in parentheses; the largest first.
    """

    total: int
    kernels: dict[str, int]


class Counter:
    """An emulated ARM core that counts; use it with `with`.

    Args:
        cpu: One of `CPUS`.
        cache: The folder of tfprune's caches, as in `setup_arm64`.

    Attributes:
        launcher: The command that runs a Python script on the core, for `Runner(launcher=...)`.
        how: The emulator and the core, for readers.

    Raises:
        MissingExtra: it must be set up first: `tfprune setup-arm64`.
        PruneError: an unknown core.

    Example:
        >>> with Counter("cortex-a53") as counter:                    # doctest: +SKIP
        ...     with Runner("model.tflite", launcher=counter.launcher) as runner:
        ...         counter.read(runner.run_marked(inputs)).total
        21417338
    """

    def __init__(self, cpu: str = DEFAULT_CPU, cache: PathLike | None = None) -> None:
        check_cpu(cpu)
        setup = find_setup("count instructions of an emulated ARM64 core", cache)
        self._stack = ExitStack()
        folder = self._stack.enter_context(files.temporary_folder())
        self._file = folder / "counts.txt"
        plugin = ("-plugin", f"{setup.folder / 'counter.so'},out={self._file}")
        self.launcher = tuple(setup.arm64_python(cpu, plugin))
        self.how = f"QEMU {setup.qemu}, {cpu}"

    def read(self, mappings: Iterable[Mapping]) -> Instructions:
        """Return what ran between the last two marks.

        Args:
            mappings: The memory with code that the program had, as `Runner.run_marked` returns it.
        """
        text = self._file.read_text(encoding="ascii") if self._file.exists() else ""
        self._file.unlink(missing_ok=True)
        return attribute(parse_counts(text), mappings)

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def parse_counts(text: str) -> np.ndarray:
    """Read what counter.c wrote: address, instructions, and times it ran, for each block.

    Raises:
        PruneError: the file was not written to its end.

    Example:
        >>> parse_counts("tfprune counts\\nff 3 2\\nend\\n").tolist()
        [[255, 3, 2]]
    """
    lines = text.splitlines()
    if len(lines) < 2 or lines[0] != _FIRST or lines[-1] != _LAST:
        found = "the counter's file is not whole"
        raise PruneError("count instructions", found, "free some space for temporary files")
    rows = [line.split() for line in lines[1:-1]]
    numbers = [(int(address, 16), int(size), int(times)) for address, size, times in rows]
    return np.array(numbers, np.int64).reshape(-1, 3)


def attribute(blocks: np.ndarray, mappings: Iterable[Mapping]) -> Instructions:
    """Add the blocks up, for each microkernel and for each library."""
    places = sorted((int(start), int(end), int(at), str(path)) for start, end, at, path in mappings)
    found: Tally[str] = Tally()
    for address, size, times in blocks.tolist():
        found[_place(address, places)] += size * times
    ordered = dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
    return Instructions(sum(ordered.values()), ordered)


def _place(address: int, places: Sequence[tuple[int, int, int, str]]) -> str:
    for start, end, offset, path in places:
        if start <= address < end:
            name = _symbols(path).name_at(address - start + offset) or ""
            is_kernel = name.startswith("xnn_") and "ukernel" in name
            return name if is_kernel else f"({Path(path).name})"
    return "(elsewhere)"


@functools.cache
def _symbols(path: str) -> Symbols:
    return read_symbols(Path(path))
