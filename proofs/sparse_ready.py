"""Stock networks made sparse-ready, pruned, and run on emulated ARM64: sparse, right, and cheaper.

    tfprune setup-arm64
    python -m proofs.sparse_ready [--only NAME ...] [--size 224] [--sparsity 0.9] [--json]

keras.applications networks with random weights (instruction counts depend on where the zeros are,
not on values; BatchNormalization is measured on random images, so that signals neither die nor
explode). Each is converted as it is and dense; then made sparse-ready, pruned in one step by
magnitude (single weights, and pairs of output channels), converted, compared with Keras on the real
aarch64 LiteRT, and its executed instructions are counted. Finished rows are kept in the cache
folder; --fresh starts anew. Writes docs/sparse_ready.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from tfprune.files import write_text
from tfprune.rewriting import SparseReady, plan_sparse_ready

TABLE = Path(__file__).parents[1] / "docs" / "sparse_ready.md"
LATEST = ("MobileNetV3Small", "MobileNetV3Large", "EfficientNetB0")  # these scale 0..255 themselves
MODELS = ("MobileNet", "MobileNetV2", *LATEST)
BLOCKS = {"single weights": (1, 1), "pairs": (1, 2)}
GOALS = {("MobileNetV2", "single weights"): 2.5, ("MobileNet", "pairs"): 4.2}  # at 224, 90 %
IMAGES = 8
SPARSE_KERNELS = "spmm"


@dataclass(frozen=True)
class Row:
    """One pruned network against the stock one.

    Args:
        model: Its name in keras.applications.
        size: Height and width of the input.
        zeros: Which weights become zero together.
        sparsity: The share of zeros in its 1x1 convolutions.
        exact: How many changes are exact.
        shifts: How many shift the function.
        dense_bytes: Size of the stock network's file.
        bytes: Size of the pruned one's.
        dense: Instructions of the stock network, dense.
        instructions: Those of the pruned one.
        sparse: How many of these ran in sparse kernels.
        error: How far the pruned file on ARM64 is from Keras, relative to the largest output.
        right: Whether that is within tfprune's tolerance.
    """

    model: str
    size: int
    zeros: str
    sparsity: float
    exact: int
    shifts: int
    dense_bytes: int
    bytes: int
    dense: int
    instructions: int
    sparse: int
    error: float
    right: bool

    @property
    def ratio(self) -> float:
        """How many times fewer instructions."""
        return self.dense / self.instructions


def stock(name: str, size: int) -> tuple[keras.Model, np.ndarray]:
    """Return a network of keras.applications as it comes, and random images for it."""
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), classifier_activation=None
    )
    low, high = (0, 255) if name in LATEST else (-1, 1)
    images = np.random.default_rng(0).uniform(low, high, (IMAGES, size, size, 3))
    return tfprune.recalibrate(model, images.astype("float32")), images.astype("float32")


def pruned(
    ready: keras.Model, images: np.ndarray, sparsity: float, block: tuple[int, int]
) -> keras.Model:
    """Zero the smallest weights of all 1x1 convolutions in one step that learns nothing."""
    model = tfprune.prune_low_magnitude(
        ready,
        tfprune.ConstantSparsity(sparsity, begin_step=0, frequency=1),
        block_size=block,
        pruning_policy=tfprune.PruneForLatencyOnXNNPack(),
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.train_on_batch(images[:1], np.zeros((1, *model.output_shape[1:]), "float32"))
    return tfprune.recalibrate(tfprune.strip_pruning(model), images)


def measure(name: str, size: int, sparsity: float, zeros: list[str]) -> list[Row]:
    """Return a row for each way of zeros of one network."""
    model, images = stock(name, size)
    plan = plan_sparse_ready(model)
    print(plan, file=sys.stderr, flush=True)
    if plan.notes:
        raise SystemExit(f"{name} is not ready")
    with tempfile.TemporaryDirectory() as folder:
        dense = Path(folder, "dense.tflite")
        tfprune.convert(model, dense, sparse=False)
        return [_row(name, plan, images, sparsity, kind, dense) for kind in zeros]


def _row(
    name: str, plan: SparseReady, images: np.ndarray, sparsity: float, zeros: str, dense: Path
) -> Row:
    small = pruned(plan.model, images, sparsity, BLOCKS[zeros])
    path = dense.with_name("sparse.tflite")
    result = tfprune.convert(small, path, sparse=True)
    print(result.sparse_reason, file=sys.stderr, flush=True)
    after = on_arm64(small, path, images)
    before = tfprune.count_instructions({"stock, dense": str(dense)}).rows[0]
    exact = sum(change.effect == "exact" for change in plan.changes)
    return Row(
        model=name,
        size=images.shape[1],
        zeros=zeros,
        sparsity=sparsity,
        exact=exact,
        shifts=len(plan.changes) - exact,
        dense_bytes=before.bytes,
        bytes=after.bytes,
        dense=before.instructions,
        instructions=after.instructions,
        sparse=after.sparse,
        error=after.error,
        right=after.right,
    )


@dataclass(frozen=True)
class OnArm64:
    """One file on emulated ARM64, as the rows of the table say it."""

    bytes: int
    instructions: int
    sparse: int
    error: float
    right: bool


def on_arm64(model: keras.Model, path: Path, images: np.ndarray) -> OnArm64:
    """Compare a file with its Keras model on the aarch64 LiteRT, and count its instructions."""
    verified = tfprune.verify(
        model, path, images, samples=2, target="arm64", raise_on_failure=False
    )
    outputs = next(check for check in verified.checks if "with XNNPACK" in check.name)
    counted = tfprune.count_instructions({"file": str(path)}).rows[0]
    return OnArm64(
        bytes=counted.bytes,
        instructions=counted.instructions,
        sparse=sum(n for kernel, n in counted.kernels.items() if SPARSE_KERNELS in kernel),
        error=outputs.max_rel_error,
        right=verified.passed,
    )


PAGE = """# Stock networks, made sparse-ready

Written by `python -m proofs.sparse_ready` (after `tfprune setup-arm64`).

keras.applications networks with random weights, {sparsity:.0%} of the weights of their 1x1
convolutions set to zero. As they come, none of them runs sparse on a phone, however many zeros they
hold. After `tfprune.make_sparse_ready` all do. Dense is the stock network. Instructions of one
inference on an emulated Cortex-A76, with the aarch64 build of LiteRT; they are no times. Error is
that of the pruned file on ARM64 against Keras, relative to the largest output; sparse is the share
of the instructions that ran in sparse kernels. Shifting changes are even padding at stride 2; they
are why training comes after.

| network | input | zeros | exact, shift | MB | instructions, M | fewer | sparse | error | right |
|---|--:|---|--:|--:|--:|--:|--:|--:|---|
{rows}
"""


def page(rows: list[Row]) -> str:
    """Return the page with all rows."""
    return PAGE.format(sparsity=rows[0].sparsity, rows="\n".join(map(_line, rows)))


def _line(row: Row) -> str:
    cells = [
        row.model,
        str(row.size),
        row.zeros,
        f"{row.exact}, {row.shifts}",
        f"{row.dense_bytes / 1e6:.1f} → {row.bytes / 1e6:.1f}",
        f"{row.dense / 1e6:.0f} → {row.instructions / 1e6:.0f}",
        f"**{row.ratio:.2f}x**",
        *arm64_cells(row),
    ]
    return f"| {' | '.join(cells)} |"


def arm64_cells(row: Any) -> list[str]:
    """Return the share of instructions in sparse kernels, the error, and whether it is right."""
    return [
        f"{row.sparse / row.instructions:.0%}",
        "< 1e-6" if row.error < 1e-6 else f"{row.error:.0e}",
        "yes" if row.right else "**no**",
    ]


def main() -> int:
    """Measure what is missing, then write the page."""
    arguments = parse()
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    rows = read_rows(arguments.rows, Row)
    for name in arguments.only or MODELS:
        done = {(r.zeros) for r in rows if (r.model, r.size, r.sparsity) == _key(name, arguments)}
        missing = [zeros for zeros in BLOCKS if zeros not in done]
        for row in measure(*_key(name, arguments), missing) if missing else ():
            rows.append(row)
            append_row(arguments.rows, row)
            print(row, row.ratio, file=sys.stderr, flush=True)
    order = {name: i for i, name in enumerate(MODELS)}
    chosen = [r for r in rows if (r.size, r.sparsity) == _key("", arguments)[1:]]
    chosen.sort(key=lambda row: (order[row.model], row.zeros != "single weights"))
    if not arguments.only:
        write_text(arguments.table, page(chosen))
    print(json.dumps([asdict(row) for row in chosen], indent=2) if arguments.json else page(chosen))
    return 0 if all(map(passes, chosen)) else 1


def passes(row: Row) -> bool:
    """Whether a network ran sparse and right, and with as few instructions as is promised."""
    promised = (row.size, row.sparsity) == (224, 0.9)
    goal = GOALS.get((row.model, row.zeros), 1.0) if promised else 1.0
    return row.right and row.sparse > 0 and row.ratio >= goal


def _key(name: str, arguments: argparse.Namespace) -> tuple[Any, ...]:
    return name, arguments.size, arguments.sparsity


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=MODELS, metavar="NAME", help="some networks; no page")
    add("--size", type=int, default=224, help="height and width of the input (224)")
    add("--sparsity", type=float, default=0.9, help="share of zeros in 1x1 convolutions (0.9)")
    add("--rows", type=Path, default=cache_folder() / "sparse_ready.jsonl", help="finished rows")
    add("--table", type=Path, default=TABLE, help="the page (docs/sparse_ready.md)")
    add("--fresh", action="store_true", help="forget finished rows")
    add("--json", action="store_true", help="print the rows as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
