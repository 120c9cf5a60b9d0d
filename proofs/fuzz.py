"""Send 5,000 damaged files through tfprune: .tflite, .keras, .npz and report.json.

    python -m proofs.fuzz

Each must give an answer or a clear error; an interpreter that crashes does so in a process of its
own. Finished hundreds are kept in the cache folder; `--fresh` starts over. Writes `docs/fuzz.md`.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proofs.damage import ALL, FAST, Other, Source, others, sources, survive
from proofs.packages import cache_folder
from proofs.resident import Children
from proofs.rows import append_row, read_rows
from tfprune import files
from tfprune.progress import track
from tfprune.runners.leash import reset_peak, resident_bytes

PAGE = Path(__file__).parents[1] / "docs" / "fuzz.md"
CHUNK, RUN = 100, 10
KINDS = {".tflite": 35, ".keras": 5, ".npz": 5, "report.json": 5}
"""Hundreds of each kind."""
FILES = CHUNK * sum(KINDS.values())
_HANG_S = 600
ANSWERS = {
    "answered": "an answer",
    "refused": "a clear error (`verify`: the outputs differ, too)",
    "crash": "a clear error: the interpreter crashed in its own process",
}


@dataclass(frozen=True)
class Chunk:
    """What a hundred damaged files led to.

    Args:
        seed: What they were damaged with.
        kind: What they were before.
        said: How often each verb gave each kind of answer: `{"inspect refused": 31}`.
        seconds: How long all took.
        more_memory: By how many bytes the peak of this process rose above what it had.
        child_memory: The largest peak of an interpreter's process, in bytes, Python included.
    """

    seed: int
    kind: str
    said: dict[str, int]
    seconds: float
    more_memory: int
    child_memory: int


def main(argv: Sequence[str] | None = None) -> None:
    """Run the missing chunks, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=Path, default=cache_folder() / "fuzz3.jsonl")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page to write")
    parser.add_argument("--fresh", action="store_true", help="forget finished chunks")
    arguments = parser.parse_args(argv)
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    wanted = [(kind, seed) for kind, hundreds in KINDS.items() for seed in range(hundreds)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, rest = sources(folder), others(folder)
        finished = {(chunk.kind, chunk.seed) for chunk in read_rows(arguments.rows, Chunk)}
        for kind, seed in track(wanted, "hundreds"):
            if (kind, seed) not in finished:
                append_row(arguments.rows, _run(kind, seed, whole, rest, folder))
    files.write_text(arguments.output, page(read_rows(arguments.rows, Chunk)))


def _run(
    kind: str, seed: int, whole: Sequence[Source], rest: dict[str, Other], folder: Path
) -> Chunk:
    """Run one hundred; an alarm ends the proof if a file hangs in this process."""
    signal.alarm(_HANG_S)
    reset_peak()
    before, start = resident_bytes("VmRSS"), time.monotonic()
    with Children() as children:
        if kind == ".tflite":
            said = _run_tflite(seed, whole, folder)
        else:
            told = rest[kind].survive(seed, CHUNK, folder)
            said = {f"{kind} {what}": n for what, n in told.items()}
    more = max(0, resident_bytes("VmHWM") - before)
    signal.alarm(0)
    took = round(time.monotonic() - start, 1)
    return Chunk(seed, kind, said, took, more, children.peak)


def _run_tflite(seed: int, whole: Sequence[Source], folder: Path) -> dict[str, int]:
    """Starting interpreters takes most of the time: some files run, all are read."""
    run = survive(whole, 1000 + seed, RUN, folder, ALL)
    read = survive(whole, seed, CHUNK - RUN, folder, FAST)
    return {" ".join(key): run[key] + read[key] for key in {**run, **read}}


def page(rows: Sequence[Chunk]) -> str:
    """Return the page with the counts of all chunks."""
    said: Counter[str] = sum((Counter(chunk.said) for chunk in rows), Counter())
    ways = (*ALL, *list(KINDS)[1:])
    peak = max(chunk.more_memory for chunk in rows) / 2**20
    child = max(chunk.child_memory for chunk in rows) / 2**20
    slowest = max(chunk.seconds for chunk in rows)
    lines = [
        "# Damaged files",
        "",
        "Written by `python -m proofs.fuzz`; `make proof` runs it.",
        "",
        f"{len(rows) * CHUNK:,} files: {CHUNK * KINDS['.tflite']:,} `.tflite` made of six whole "
        "ones in four number formats, and `.keras`, `.npz` and `report.json`. Most are whole as "
        "flatbuffer, zip or JSON, and wrong in one to three facts: an op code, an index, a shape, "
        "a type, a sparse encoding, a scale, a value of a config; the others have bytes and words "
        "replaced, moved or left out, or are cut off. `inspect` and `doctor` read every `.tflite`; "
        f"`benchmark` and `verify` run {RUN} of each hundred. The last columns load the file and "
        "use it: `inspect` a `.keras`, read an `.npz` as data, write the HTML and the table of a "
        "`report.json`.",
        "",
        "None ended the process, hung, or raised anything but an error that names the fix. No "
        f"hundred raised this process's peak memory by more than {peak:,.0f} MiB, or took longer "
        f"than {slowest:,.0f} s. No interpreter's process, Python included, had more than "
        f"{child:,.0f} MiB.",
        "",
        "| | " + " | ".join(ways) + " |",
        "|---|" + "--:|" * len(ways),
        *(
            f"| {words} | " + " | ".join(f"{said[f'{verb} {kind}']:,}" for verb in ways) + " |"
            for kind, words in ANSWERS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
