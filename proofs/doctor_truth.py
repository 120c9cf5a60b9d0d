"""Hold the doctor against the truth: its verdict, and what LiteRT really does on emulated ARM64.

Each variant is converted, stored sparse by force, diagnosed, and run by the real aarch64 LiteRT:
does it load, does it compute what Keras computes, which kernels run? `docs/doctor_truth.md` is
this table. Finished models are kept in the cache folder, so that it goes on where it was
interrupted; `--fresh` starts over.

    tfprune setup-arm64
    python -m proofs.doctor_truth
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path

from proofs.doctor_files import Case, draw, make
from proofs.doctor_outcome import Emulator, Outcome, hold
from proofs.packages import cache_folder
from proofs.random_models import COUNT, title
from proofs.variants import VARIANTS
from tfprune import files
from tfprune.progress import track

COMMAND = "python -m proofs.doctor_truth"
PAGE = Path(__file__).parents[1] / "docs" / "doctor_truth.md"
_MAKERS = ("tensorflow", "keras", "ai-edge-litert")
_MADE_BY = ("doctor_files", "drawing", "drawn_parts", "forge", "random_models")
_HERE = Path(__file__).parent
_SOURCES = [
    *sorted((_HERE / "variants").glob("**/*.py")),
    *(_HERE / f"{name}.py" for name in _MADE_BY),
]

MODELS: dict[str, Callable[[Path], Case]] = {
    **{name: partial(make, variant) for name, variant in VARIANTS.items()},
    **{title(number): partial(draw, number) for number in range(COUNT)},
}
"""All models of the page: those made by Keras, then those drawn at random."""


def outcomes(
    names: Iterable[str], target: str = "arm64", folder: Path | None = None
) -> Iterator[Outcome]:
    """Hold variants one after the other against the truth.

    Args:
        names: Keys of `MODELS`.
        target: `"arm64"` or `"x86-noavx"`.
        folder: Where to keep the files and what happened, so that a later call need not repeat it.
    """
    with Emulator(target) as emulator, tempfile.TemporaryDirectory() as temporary:
        for name in names:
            place = Path(folder or temporary, re.sub(r"\W+", "_", name))
            place.mkdir(parents=True, exist_ok=True)
            yield hold(name, MODELS[name], emulator, place)


def summary(found: Sequence[Outcome]) -> str:
    """Return how often the doctor was wrong, and how often it gave each verdict."""
    wrong = sum(not outcome.agrees for outcome in found)
    deadly = sum(outcome.verdict in ("safe", "dense") and not outcome.right for outcome in found)
    given = Counter(outcome.verdict for outcome in found)
    words = ("safe", "dense", "unsafe", "unloadable")
    return (
        f"**Disagreements: {wrong}; called safe or dense, but wrong: {deadly}.** "
        + "".join(f"{given[word]} {word}, " for word in words)
        + f"{given['unknown']} unknown (treated as unsafe)."
    )


def page(found: Sequence[Outcome]) -> str:
    """Return the page with the table of all outcomes."""
    lines = [
        "# The doctor and the truth",
        "",
        "Written by `" + COMMAND + "` (after `tfprune setup-arm64`); `make proof` checks it.",
        "",
        f"{len(found)} models, each stored sparse by force unless its name says dense, diagnosed "
        "from the file alone, then run by the aarch64 build of LiteRT under QEMU (Cortex-A76) and "
        "compared with Keras. Those that are called drawn are written op by op, with ops, "
        "attributes and types drawn at random (`proofs/drawing.py`), and compared with LiteRT's "
        "own kernels on this machine. Sparse and builtin: how many such kernels ran, by LiteRT's "
        "own profile, and in brackets how many the doctor expected where that differs.",
        "",
        summary(found),
        "",
        "| model | verdict | rule | loads | relative error | sparse | builtin | agrees |",
        "|---|---|---|---|--:|--:|--:|---|",
        *map(_line, found),
    ]
    return "\n".join(lines) + "\n"


def _line(found: Outcome) -> str:
    cells = [
        found.variant,
        found.verdict,
        found.rule,
        "yes" if found.loads else "**no**",
        _number(found),
        _count(found.sparse, found.sparse_expected, found.loads),
        _count(found.builtin, found.builtin_expected, found.loads),
        "unknown" if found.verdict == "unknown" else "yes" if found.agrees else "**NO**",
    ]
    return "| " + " | ".join(cells) + " |"


def _number(found: Outcome) -> str:
    if found.error is None:
        return ""
    # Rounding differs between builds of the libraries; the decade does not.
    text = "< 1e-6" if found.error < 1e-6 else f"{found.error:.1g}"
    return text if found.right else f"**{text}**"


def _count(ran: int | None, expected: int | None, loads: bool) -> str:
    if not loads or ran is None:
        return ""
    return str(ran) if expected in (None, ran) else f"{ran} ({expected})"


def kept(target: str) -> Path:
    """Return the folder of finished models: another one once they are made in another way."""
    versions = [f"{name} {metadata.version(name)}" for name in _MAKERS]
    sources = [path.read_bytes() for path in _SOURCES]
    made = hashlib.sha256(b"".join([*(v.encode() for v in versions), *sources])).hexdigest()
    return cache_folder() / "doctor_truth" / target / made[:12]


def main(argv: Sequence[str] | None = None) -> None:
    """Print the outcomes of some variants, or write the page of all; 1 if the doctor was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--only", metavar="REGEX", help="print these variants, write no page")
    parser.add_argument("--target", choices=("arm64", "x86-noavx"), default="arm64")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page to write")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="default: in the cache folder")
    parser.add_argument("--fresh", action="store_true", help="forget finished models")
    arguments = parser.parse_args(argv)
    folder = arguments.keep or kept(arguments.target)
    if arguments.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    names = [name for name in MODELS if re.search(arguments.only or "", name)]
    every = outcomes(names, arguments.target, folder)
    found = list(track(every, "models", len(names)))
    if arguments.only or arguments.target != "arm64":
        print("\n".join(map(_line, found)))
    else:
        files.write_text(arguments.output, page(found))
    sys.exit(any(not outcome.agrees for outcome in found))


if __name__ == "__main__":
    main()
