"""How long removing half the channels of a ResNet-50 takes, beside Torch-Pruning's.

    python benchmarks/structured_speed.py [--rounds 10] [--ratio 0.5] [--json] [--peer-python PATH]

Measured is plan + apply: from the model in memory to the smaller model in memory, by the L2 norm,
the same ratio everywhere, random weights, on the CPU. Torch-Pruning is timed the same way, tracing
included, on a ResNet-50 of the same layout, if `torch` and `torch_pruning` are installed; copying
the model beforehand (it prunes in place, tfprune returns a new model) is not timed. The two take
turns. With `--peer-python`, another interpreter that has torch and torch_pruning runs the peer.

Wall time and the CPU time of all threads are measured: other jobs stretch the first by any factor.
For comparable CPU times give both one thread, by OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

Seconds = tuple[float, float]  # wall, CPU
Run = Callable[[], tuple[Seconds, tuple[int, int]]]

NO_PEER = "Torch-Pruning is not installed: pip install torch torch-pruning==1.6.1"


def main() -> None:
    """Time both in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer-python", help="an interpreter with torch and torch_pruning")
    parser.add_argument("--serve-peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_peer:
        serve(theirs(arguments.ratio))
        return
    from tfprune.progress import track

    contestants = {"tfprune": ours(arguments.ratio)}
    python = arguments.peer_python
    peer = elsewhere(python, arguments.ratio) if python else theirs(arguments.ratio)
    if peer:
        contestants["Torch-Pruning"] = peer
    times: dict[str, list[Seconds]] = {name: [] for name in contestants}
    params = {name: run()[1] for name, run in contestants.items()}  # the first run warms up
    for _ in track(range(arguments.rounds), "rounds"):
        for name, run in contestants.items():
            times[name].append(run()[0])
    rows = [row(name, times[name], params[name]) for name in contestants]
    pairs = list(zip(*times.values(), strict=True)) if peer else []
    ratios = [statistics.median(a[i] / b[i] for a, b in pairs) for i in (0, 1)] if peer else []
    show(rows, ratios, arguments.json)


def timed(action: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Return the wall and the CPU seconds of an action, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = action()
    return (time.perf_counter() - wall, time.process_time() - cpu), result


def serve(run: Run | None) -> None:
    """Run once for each line read, and answer with JSON."""
    for _ in sys.stdin:
        print(json.dumps(run() if run else None), flush=True)


def elsewhere(python: str, ratio: float) -> Run:
    """Return a function that lets another interpreter prune with Torch-Pruning once."""
    command = [python, __file__, "--serve-peer", "--ratio", str(ratio)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def run() -> tuple[Seconds, tuple[int, int]]:
        assert process.stdin and process.stdout
        process.stdin.write("\n")
        answer = json.loads(process.stdout.readline() or "null")
        if answer is None:
            raise SystemExit(f"{python}: {NO_PEER}")
        return tuple(answer[0]), tuple(answer[1])

    return run


def row(name: str, seconds: list[Seconds], params: tuple[int, int]) -> dict[str, Any]:
    """Summarize one contestant."""
    wall, cpu = zip(*seconds, strict=True)
    return {
        "name": name,
        "median_s": statistics.median(wall),
        "min_s": min(wall),
        "max_s": max(wall),
        "cpu_median_s": statistics.median(cpu),
        "cpu_min_s": min(cpu),
        "params": params[0],
        "params_after": params[1],
    }


def show(rows: list[dict[str, Any]], ratios: list[float], as_json: bool) -> None:
    """Print the table, or JSON."""
    wall, cpu = ratios or (None, None)
    if as_json:
        note = None if ratios else NO_PEER
        print(json.dumps({"rows": rows, "ratio": wall, "cpu_ratio": cpu, "note": note}))
        return
    for each in rows:
        print(
            f"{each['name']:14} {each['median_s']:.2f} s ({each['min_s']:.2f} .. "
            f"{each['max_s']:.2f}), CPU {each['cpu_median_s']:.2f} s (from "
            f"{each['cpu_min_s']:.2f}), parameters {each['params']:,} -> {each['params_after']:,}"
        )
    if ratios:
        print(f"tfprune takes {wall:.2f}x Torch-Pruning's time, {cpu:.2f}x its CPU time")
    else:
        print(NO_PEER)


def ours(ratio: float) -> Run:
    """Return a function that plans and applies once."""
    import keras

    import tfprune

    model = keras.applications.ResNet50(weights=None)

    def run() -> tuple[Seconds, tuple[int, int]]:
        seconds, small = timed(lambda: tfprune.plan_structured(model, ratio).apply())
        return seconds, (model.count_params(), small.count_params())

    return run


def theirs(ratio: float) -> Run | None:
    """Return a function that prunes with Torch-Pruning once, None if it is not installed."""
    try:
        import torch
        import torch_pruning
    except ImportError:
        return None
    model = torch_resnet50().eval()
    example = torch.zeros(1, 3, 224, 224)

    def count(net: Any) -> int:
        return sum(p.numel() for p in net.parameters())

    def prune(net: Any) -> None:
        torch_pruning.pruner.MagnitudePruner(
            net,
            example,
            importance=torch_pruning.importance.MagnitudeImportance(p=2),
            pruning_ratio=ratio,
            ignored_layers=[net.fc],
        ).step()

    def run() -> tuple[Seconds, tuple[int, int]]:
        net = copy.deepcopy(model)
        seconds, _ = timed(lambda: prune(net))
        return seconds, (count(model), count(net))

    return run


def torch_resnet50() -> Any:
    """Return a ResNet-50 (He et al. 2015, arXiv 1512.03385) in PyTorch."""
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, width_in: int, width: int, stride: int) -> None:
            super().__init__()
            out = 4 * width
            self.branch = nn.Sequential(
                *unit(width_in, width, 1),
                nn.ReLU(),
                *unit(width, width, 3, stride),
                nn.ReLU(),
                *unit(width, out, 1),
            )
            same = width_in == out and stride == 1
            self.skip = nn.Identity() if same else nn.Sequential(*unit(width_in, out, 1, stride))

        def forward(self, x: Any) -> Any:
            return (self.branch(x) + self.skip(x)).relu()

    def unit(width_in: int, width: int, size: int, stride: int = 1) -> list[nn.Module]:
        conv = nn.Conv2d(width_in, width, size, stride, size // 2, bias=False)
        return [conv, nn.BatchNorm2d(width)]

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            blocks, width_in = [], 64
            for width, depth in ((64, 3), (128, 4), (256, 6), (512, 3)):
                for block in range(depth):
                    stride = 2 if width > 64 and not block else 1
                    blocks.append(Bottleneck(width_in, width, stride))
                    width_in = 4 * width
            self.stem = nn.Sequential(*unit(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
            self.blocks = nn.Sequential(*blocks)
            self.fc = nn.Linear(2048, 1000)

        def forward(self, x: Any) -> Any:
            return self.fc(self.blocks(self.stem(x)).mean((2, 3)))

    return ResNet()


if __name__ == "__main__":
    main()
