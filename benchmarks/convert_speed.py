"""How much CPU time `tfprune.convert` takes beside TFLiteConverter alone.

    python benchmarks/convert_speed.py [--rounds 3] [--model MobileNetV2] [--json]

Both convert the same model of keras.applications, 224 pixels, random weights, to float32, in turns,
after one conversion each to warm up. `convert` also reads the file, judges it, links each kernel to
its tensor, and measures the file after gzip -9. CPU time of all threads: other jobs stretch wall
time by any factor.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    """Time both in turns, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="MobileNetV2")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    import keras
    import tensorflow as tf

    import tfprune
    from tfprune.export.quiet import quiet

    model = getattr(keras.applications, arguments.model)(weights=None, input_shape=(224, 224, 3))

    def alone() -> None:
        with quiet(), contextlib.redirect_stdout(io.StringIO()):
            tf.lite.TFLiteConverter.from_keras_model(model).convert()

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            tfprune.convert(model, Path(folder, "model.tflite"))

    runs = {"TFLiteConverter": alone, "tfprune.convert": ours}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(arguments.rounds + 1):
        for name, run in runs.items():
            seconds = cpu_seconds(run)
            if i:  # the first warms up
                times[name].append(seconds)
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratio = medians["tfprune.convert"] / medians["TFLiteConverter"]
    if arguments.json:
        print(json.dumps({"cpu_s": times, "ratio": ratio}))
        return
    for name, median in medians.items():
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        print(f"{name:16} {median:6.2f} s of CPU time ({spread})")
    print(f"{'ratio':16} {ratio:6.2f}")


def cpu_seconds(run: Callable[[], None]) -> float:
    """Return the CPU time of one run."""
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
