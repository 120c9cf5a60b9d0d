"""What masks cost: the time of a training step with masks over without, and of a mask update.

    python benchmarks/mask_overhead.py [--rounds 20] [--steps 5] [--alpha 0.35] [--json]

MobileNetV2 without pretrained weights, 96 px, batch 32, Adam, 50 % sparsity. Five models take
turns: dense, with wrappers and with PruningOptimizer on Keras 3, dense and with tfmot 0.8.1 on
tf_keras. tfmot is compared with tf_keras, because the two libraries train at different speeds.
Beside wall time stands the CPU time of all threads, which other jobs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import tfprune
from tfprune.masks import MaskedKernel
from tfprune.masks.callbacks import all_masked
from tfprune.progress import track

SIDE, BATCH, SPARSITY = 96, 32, 0.5
# One update at the first step and no other: the steps measured are those between two updates.
ONCE = {"target_sparsity": SPARSITY, "begin_step": 1, "frequency": 10**9}
NO_PEER = "tfmot is not installed: pip install 'tfprune[tfmot]'"

Timer = Callable[[], object]


@dataclass(frozen=True)
class Line:
    """The time of one thing, and its ratio to a baseline: the median over rounds."""

    name: str
    baseline: str
    median_ms: float
    min_ms: float
    cpu_ms: float
    ratio: float
    ratio_p10: float
    ratio_p90: float
    cpu_ratio: float
    cpu_ratio_p10: float
    cpu_ratio_p90: float

    def __str__(self) -> str:
        wall = f"{self.ratio:.3f} ({self.ratio_p10:.2f} .. {self.ratio_p90:.2f})"
        cpu = f"{self.cpu_ratio:.3f} ({self.cpu_ratio_p10:.2f} .. {self.cpu_ratio_p90:.2f})"
        return (
            f"{self.name:32}{self.median_ms:10.1f}{self.min_ms:10.1f}{self.cpu_ms:10.1f}"
            f"{wall:>23}{cpu:>23}   {self.baseline}"
        )


HEADER = (
    f"{'':32}{'median ms':>10}{'min ms':>10}{'CPU ms':>10}"
    f"{'ratio (p10 .. p90)':>23}{'CPU ratio (p10 .. p90)':>23}   over"
)


def main() -> int:
    """Measure, then print the table or the JSON."""
    arguments = parse()
    keras.utils.set_random_seed(0)
    peer = load_peer()
    masked, pruned, steps = training_steps(arguments.alpha, peer)
    updates = mask_updates(masked, peer)
    step_times = interleave(steps, arguments.rounds, arguments.steps, "training steps")
    update_times = interleave(updates, arguments.rounds, 1, "mask updates")
    lines = summarize(step_times) + summarize(update_times)
    if arguments.json:
        rows = [asdict(line) for line in lines]
        print(json.dumps({"settings": vars(arguments), "pruned": pruned, "lines": rows}, indent=2))
        return 0
    print(f"MobileNetV2, alpha {arguments.alpha}, {SIDE} px, batch {BATCH}, {os.cpu_count()} cores")
    for name, what in pruned.items():
        print(f"{name}: {what}")
    if peer is None:
        print(NO_PEER)
    print("", HEADER, *map(str, lines), sep="\n")
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, help="turns of each model (20)")
    parser.add_argument("--steps", type=int, default=5, help="training steps in one turn (5)")
    parser.add_argument("--alpha", type=float, default=0.35, help="width of MobileNetV2 (0.35)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def load_peer() -> Any:
    """Import tfmot beside Keras 3, None if it is not installed."""
    tf.keras.version()  # Binds tf.keras to Keras 3 before tfmot asks TensorFlow for tf_keras.
    try:
        import tensorflow_model_optimization
    except ImportError:
        return None
    return tensorflow_model_optimization.sparsity.keras


def training_steps(
    alpha: float, peer: Any
) -> tuple[list[MaskedKernel], dict[str, str], dict[str, Timer]]:
    """Build and compile all models; return the masked kernels and a training step of each."""
    schedule = tfprune.ConstantSparsity(**ONCE)
    dense, in_optimizer = network(keras, alpha), network(keras, alpha)
    wrapped = tfprune.prune_low_magnitude(dense, schedule)
    steps = {
        "step, Keras 3 dense": training_step(dense, "adam"),
        "step, tfprune wrappers": training_step(wrapped, "adam", tfprune.UpdatePruningStep()),
        "step, tfprune PruningOptimizer": training_step(
            in_optimizer, tfprune.PruningOptimizer("adam", schedule), tfprune.UpdatePruningStep()
        ),
    }
    pruned = {
        name: describe([m.kernel.variable for m in all_masked(model)])
        for name, model in (("wrappers", wrapped), ("PruningOptimizer", in_optimizer))
    }
    if peer is not None:
        import tf_keras

        plain = network(tf_keras, alpha)
        theirs = peer.prune_low_magnitude(network(tf_keras, alpha), peer.ConstantSparsity(**ONCE))
        steps["step, tf_keras dense"] = training_step(plain, "adam")
        steps["step, tfmot"] = training_step(theirs, "adam", peer.UpdatePruningStep())
        kernels = [k for w in theirs.layers for k, *_ in getattr(w, "pruning_vars", [])]
        pruned["tfmot"] = describe(kernels)
    return all_masked(wrapped), pruned, steps


def network(library: Any, alpha: float) -> Any:
    """MobileNetV2 of Keras 3 or tf_keras."""
    return library.applications.MobileNetV2((SIDE, SIDE, 3), alpha=alpha, weights=None, classes=10)


def training_step(model: Any, optimizer: Any, callback: Any = None) -> Timer:
    """Compile the model and return a function that trains one batch of noise."""
    model.compile(optimizer, "sparse_categorical_crossentropy")
    if callback is not None:
        callback.set_model(model)
        callback.on_train_begin()
    generator = np.random.default_rng(0)
    x = tf.constant(generator.normal(size=(BATCH, SIDE, SIDE, 3)), "float32")
    y = tf.constant(generator.integers(0, 10, size=BATCH))
    return lambda: model.train_on_batch(x, y)


def describe(kernels: list[Any]) -> str:
    """Say how many kernels and weights have masks."""
    return (
        f"masks on {len(kernels)} kernels, {sum(int(np.prod(k.shape)) for k in kernels):,} weights"
    )


def mask_updates(masked: list[MaskedKernel], peer: Any) -> dict[str, Timer]:
    """One update of all masks by tfprune, and by tfmot on the same weights."""
    kernels = [tf.Variable(as_updated(one.kernel.variable)) for one in masked]

    @tf.function
    def ours() -> None:
        for one, kernel in zip(masked, kernels, strict=True):
            one.mask.assign(one.mask_at(kernel, tf.constant(SPARSITY)))

    updates = {"update of all masks, tfprune": ours}
    if peer is not None:
        updates["update of all masks, tfmot"] = tfmot_update(kernels, peer)
    return updates


def as_updated(kernel: Any) -> np.ndarray:
    """The weights as an update finds them: the optimizer has just moved the zeros, too."""
    values = keras.ops.convert_to_numpy(kernel)
    step = np.random.default_rng(0).normal(scale=1e-3, size=values.shape)
    return (values + step).astype(values.dtype)


def tfmot_update(kernels: list[Any], peer: Any) -> Timer:
    """Let tfmot's own function update a mask and a threshold for each kernel."""
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl import Pruning

    pruned = [(k, tf.Variable(tf.ones_like(k)), tf.Variable(0.0)) for k in kernels]
    schedule = peer.ConstantSparsity(SPARSITY, begin_step=0, frequency=1)
    pruning = Pruning(lambda: tf.constant(1, tf.int64), pruned, schedule, (1, 1), "AVG")
    return tf.function(lambda: pruning.conditional_mask_update())


@dataclass
class Series:
    """Milliseconds of one thing, one number for each round: wall time, and CPU time."""

    wall: list[float]
    cpu: list[float]


def interleave(timers: dict[str, Timer], rounds: int, calls: int, title: str) -> dict[str, Series]:
    """Time each function in turn, in rounds of alternating direction; a round gives its median."""
    for timer in track(timers.values(), f"tracing {title}", len(timers)):
        timer()
        timer()
    times = {name: Series([], []) for name in timers}
    for turn in track(range(rounds), title):
        for name in list(timers) if turn % 2 == 0 else list(timers)[::-1]:
            wall, cpu = zip(*(milliseconds(timers[name]) for _ in range(calls)), strict=True)
            times[name].wall.append(statistics.median(wall))
            times[name].cpu.append(statistics.median(cpu))
    return times


def milliseconds(timer: Timer) -> tuple[float, float]:
    """Return the wall time and the CPU time of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    timer()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


BASELINES = {
    "step, Keras 3 dense": "step, Keras 3 dense",
    "step, tfprune wrappers": "step, Keras 3 dense",
    "step, tfprune PruningOptimizer": "step, Keras 3 dense",
    "step, tf_keras dense": "step, tf_keras dense",
    "step, tfmot": "step, tf_keras dense",
    "update of all masks, tfprune": "update of all masks, tfmot",
    "update of all masks, tfmot": "update of all masks, tfmot",
}


def summarize(times: dict[str, Series]) -> list[Line]:
    """Compare each series with its baseline, round by round."""
    lines = []
    for name, series in times.items():
        baseline = BASELINES[name] if BASELINES[name] in times else name
        low, ratio, high = ratios(series.wall, times[baseline].wall)
        cpu_low, cpu_ratio, cpu_high = ratios(series.cpu, times[baseline].cpu)
        wall = statistics.median(series.wall), min(series.wall), statistics.median(series.cpu)
        lines.append(Line(name, baseline, *wall, ratio, low, high, cpu_ratio, cpu_low, cpu_high))
    return lines


def ratios(times: list[float], baseline: list[float]) -> list[float]:
    """Return the 10th, 50th and 90th percentile of the rounds' ratios."""
    per_round = [a / b for a, b in zip(times, baseline, strict=True)]
    return [float(value) for value in np.percentile(per_round, [10, 50, 90])]


if __name__ == "__main__":
    sys.exit(main())
