"""Prune every model of keras.applications and keras_hub's backbones, and write docs/coverage.md.

    python -m proofs.coverage [--only NAME ...] [--library keras_hub] [--seconds 900] [--json]

Each model runs in a process of its own. Finished rows are kept in a file, so that an interrupted
run goes on where it stopped; --fresh starts anew. The backbones need the extra `hub`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from proofs.coverage_models import Candidate, candidates
from proofs.coverage_table import Row, page
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows, to_line
from tfprune.errors import PruneError
from tfprune.files import write_text
from tfprune.progress import track

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run what is missing, then write the page."""
    arguments = parse()
    if arguments.child is not None:
        return _child(arguments.only[0], arguments.child)
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    chosen = choose(arguments.only, arguments.library)
    rows = {row.name: row for row in read_rows(arguments.rows, Row)}
    missing = [one for one in chosen if arguments.only or one.name not in rows]
    arguments.rows.parent.mkdir(parents=True, exist_ok=True)
    for candidate in track(missing, "coverage"):
        rows[candidate.name] = row = run(candidate, arguments.seconds)
        append_row(arguments.rows, row)
        print(row, file=sys.stderr, flush=True)
        _write(rows, arguments.page)
    _write(rows, arguments.page)
    if arguments.json:
        print(json.dumps([asdict(rows[one.name]) for one in chosen], indent=2))
    else:
        print(f"{arguments.page}: {len(rows)} models")
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", default=[], help="run these, again if need be")
    add("--library", choices=["keras.applications", "keras_hub"], help="run only this one")
    add("--seconds", type=int, default=900, help="limit for each model (900)")
    add("--rows", type=Path, default=cache_folder() / "coverage.jsonl", help="finished rows")
    add("--page", type=Path, default=ROOT / "docs" / "coverage.md", help="the page to write")
    add("--fresh", action="store_true", help="forget finished rows")
    add("--json", action="store_true", help="print JSON")
    add("--child", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def choose(names: list[str], library: str | None) -> list[Candidate]:
    """Return the models asked for.

    Raises:
        PruneError: a name is not known.
    """
    known = {one.name: one for one in candidates()}
    for name in names:
        if name not in known:
            raise PruneError(f"run {name}", "no such model", f"use one of {', '.join(known)}")
    chosen = [known[name] for name in names] or list(known.values())
    return [one for one in chosen if library in (None, one.library)]


def run(candidate: Candidate, seconds: int) -> Row:
    """Measure one model in a process of its own; what it wrote last counts."""
    file = cache_folder() / f"coverage-{os.getpid()}.json"
    command = [sys.executable, "-m", "proofs.coverage", "--only", candidate.name]
    ended = ""
    try:
        done = subprocess.run(
            [*command, "--child", str(file)], cwd=ROOT, timeout=seconds, capture_output=True
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
            ended = f"the process ended with {done.returncode}: {said[-1]}"
    except subprocess.TimeoutExpired:
        ended = f"not finished in {seconds} s"
    row = Row(candidate.name, candidate.family, candidate.library)
    if file.is_file():
        row = Row(**json.loads(file.read_text(encoding="utf-8")))
        file.unlink()
    if ended and row.reloaded:
        return replace(row, tflite=ended)
    return replace(row, failure=ended) if ended else row


def _child(name: str, file: Path) -> int:
    import tensorflow as tf

    from proofs.coverage_measure import measure

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    [candidate] = choose([name], None)
    measure(candidate, lambda row: write_text(file, to_line(row)))
    return 0


def _write(rows: dict[str, Row], path: Path) -> None:
    known = candidates()
    families = [one.family for one in known]
    known.sort(key=lambda one: (one.library, families.index(one.family)))
    order = [one.name for one in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    done = [rows[name] for name in order if name in rows]
    missing = [name for name in order if name not in rows]
    write_text(path, page(done, _versions(), missing))


def _versions() -> str:
    packages = ("tensorflow", "keras", "keras-hub", "ai-edge-litert")
    return ", ".join(f"{name} {metadata.version(name)}" for name in packages if _installed(name))


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
