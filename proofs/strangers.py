"""Take small networks in people's own idioms down the whole road, and write docs/strangers.md.

    python -m proofs.strangers [--only NAME ...] [--rows FILE] [--fresh]

Each goes through inspect, plan, apply, the comparison with the silenced original, saving, loading
in a process without tfprune, masks, conversion to float32, float16 and int8, verify, the doctor,
and `quantize_model`. Finished rows are kept in a file; networks without one stand on the page as
not measured yet.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from proofs.strangers_images import IMAGES
from proofs.strangers_maps import MAPS
from proofs.strangers_measure import StrangerRow, down_the_road
from proofs.strangers_mobile import MOBILE
from proofs.strangers_series import SERIES
from proofs.strangers_table import page
from proofs.strangers_tables import TABLES
from tfprune.files import write_text
from tfprune.progress import track

ROOT = Path(__file__).parent.parent
NETWORKS = {build.__name__: build for build in (*IMAGES, *MOBILE, *SERIES, *MAPS, *TABLES)}


def main() -> int:
    """Measure what is missing, then write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=NETWORKS, default=[], help="measure these, again if need be")
    add("--rows", type=Path, default=cache_folder() / "strangers.jsonl", help="finished rows")
    add("--page", type=Path, default=ROOT / "docs" / "strangers.md", help="the page to write")
    add("--fresh", action="store_true", help="forget finished rows")
    arguments = parser.parse_args()
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    rows = {row.name: row for row in read_rows(arguments.rows, StrangerRow)}
    missing = arguments.only or [name for name in NETWORKS if name not in rows]
    arguments.rows.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Elsewhere() as elsewhere:
        for name in track(missing, "strangers"):
            rows[name] = row = down_the_road(NETWORKS[name], Path(folder))
            row.clean = elsewhere.loads(Path(folder) / name)
            append_row(arguments.rows, row)
            _write(arguments.page, rows)
    _write(arguments.page, rows)
    print(f"{arguments.page}: {len(rows)} networks")
    return 0


def _write(path: Path, rows: dict[str, StrangerRow]) -> None:
    done = [rows[name] for name in NETWORKS if name in rows]
    write_text(path, page(done, [name for name in NETWORKS if name not in rows]))


class Elsewhere:
    """A process that knows the layers but not tfprune, and loads the smaller models."""

    def __enter__(self) -> Elsewhere:
        """Start it."""
        command = [sys.executable, "-m", "proofs.strangers_loading"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, **pipes)
        return self

    def __exit__(self, *_: object) -> None:
        """Let it end."""
        self._process.communicate()

    def loads(self, path: Path) -> str:
        """Return what it makes of the model of this path, without `.keras`."""
        if not path.with_suffix(".keras").is_file():
            return "not there"
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


if __name__ == "__main__":
    raise SystemExit(main())
