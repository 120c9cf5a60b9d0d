"""Send 2,000 damaged .tflite files through inspect, doctor, benchmark and verify.

    python -m proofs.fuzz

Each must give an answer or a clear error; an interpreter that crashes does so in a process of its
own. Finished hundreds are kept in the cache folder; `--fresh` starts over. Writes `docs/fuzz.md`.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proofs.damage import ALL, Source, sources, survive
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from tfprune import files
from tfprune.progress import track

PAGE = Path(__file__).parents[1] / "docs" / "fuzz.md"
FILES, CHUNK = 2000, 100
_MEMORY = 12 * 2**30  # a damaged length may ask for all there is
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
        said: How often each verb gave each kind of answer: `{"inspect refused": 31}`.
    """

    seed: int
    said: dict[str, int]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the missing chunks, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rows", type=Path, default=cache_folder() / "fuzz.jsonl")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page to write")
    parser.add_argument("--fresh", action="store_true", help="forget finished chunks")
    arguments = parser.parse_args(argv)
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with tempfile.TemporaryDirectory() as folder:
        whole = sources(Path(folder))
        finished = {chunk.seed for chunk in read_rows(arguments.rows, Chunk)}
        for seed in track(range(FILES // CHUNK), "hundreds"):
            if seed not in finished:
                append_row(arguments.rows, _run(seed, whole, Path(folder)))
    files.write_text(arguments.output, page(read_rows(arguments.rows, Chunk)))


def _run(seed: int, whole: Sequence[Source], folder: Path) -> Chunk:
    said = survive(whole, seed, CHUNK, folder)
    return Chunk(seed, {" ".join(key): times for key, times in said.items()})


def page(rows: Sequence[Chunk]) -> str:
    """Return the page with the counts of all chunks."""
    said: Counter[str] = sum((Counter(chunk.said) for chunk in rows), Counter())
    lines = [
        "# Damaged files",
        "",
        "Written by `python -m proofs.fuzz`; `make proof` runs it.",
        "",
        f"{len(rows) * CHUNK:,} files: six whole ones in four number formats, cut off, or "
        "with single bytes and words replaced, moved or left out. Each went through every verb "
        "below; none ended the process or raised anything but an error that names the fix.",
        "",
        "| | " + " | ".join(ALL) + " |",
        "|---|" + "--:|" * len(ALL),
        *(
            f"| {words} | " + " | ".join(f"{said[f'{verb} {kind}']:,}" for verb in ALL) + " |"
            for kind, words in ANSWERS.items()
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
