"""One model under test: its process, its inputs, and the times measured so far."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tfprune import files
from tfprune.bench.result import BenchmarkRow
from tfprune.bench.spread import fastest, is_stable, ratio, spread
from tfprune.notes import Note
from tfprune.runners import Inputs, Runner, inputs_for
from tfprune.tflite.reading import read_tflite

WARMUP_BATCH = 5
WARMUP_LIMIT = 20
WARMUP_SECONDS = 5.0


class Session:
    """A `Runner` with its measurements; the process lives as long as `stack`."""

    def __init__(
        self,
        label: str,
        path: str,
        inputs: Inputs,
        stack: ExitStack,
        *,
        threads: int,
        xnnpack: bool,
        runtime: str,
    ) -> None:
        self.label, self.path = label, path
        self.content = files.read_bytes(path)
        self.sparse = any(tensor.sparse for tensor in read_tflite(path).tensors)
        self.runner = stack.enter_context(
            Runner(path, threads=threads, xnnpack=xnnpack, runtime=runtime)
        )
        self.inputs, notes = inputs_for(self.runner, inputs)
        self.notes = [Note(label, note.reason) for note in notes]
        [self.first_ms] = self.runner.time(1, self.inputs)
        self.rounds: list[list[float]] = []

    def warm_up(self, runs: int | None) -> list[Note]:
        """Run untimed: `runs` times, or until two batches in a row take the same time."""
        if runs is not None:
            if runs:
                self.runner.time(runs)
            return []
        batch, start = self.runner.time(WARMUP_BATCH), time.monotonic()
        for _ in range(WARMUP_LIMIT):
            earlier, batch = batch, self.runner.time(WARMUP_BATCH)
            if is_stable(earlier, batch):
                return []
            if time.monotonic() - start > WARMUP_SECONDS:
                break
        return [Note(self.label, "still unstable after warm-up: other load on this machine?")]

    def measure(self, runs: int) -> None:
        """Add one round; one run before it is not counted, for it refills the caches."""
        self.rounds.append(self.runner.time(runs + 1)[1:])

    def row(self, baseline: Session, per_op: bool) -> tuple[BenchmarkRow, list[Note]]:
        """Summarize the rounds, against those of `baseline`."""
        times = spread([ms for one in self.rounds for ms in one])
        against = ratio(baseline.rounds, self.rounds)
        profile = self.runner.profile(self.inputs) if per_op else None
        row = BenchmarkRow(
            label=self.label,
            path=self.path,
            bytes=len(self.content),
            gzip_bytes=files.gzip_bytes(self.content),
            median_ms=times.median,
            p10_ms=times.p10,
            p90_ms=times.p90,
            min_ms=times.min,
            first_ms=self.first_ms,
            load_ms=self.runner.load_ms,
            peak_memory_bytes=self.runner.peak_memory_bytes or None,
            ratio=against.median,
            ratio_low=against.low,
            ratio_high=against.high,
            ratio_of_minima=fastest(baseline.rounds) / times.min,
            runs=sum(len(one) for one in self.rounds),
            runtime=self.runner.runtime,
            sparse=self.sparse,
            per_op=profile.ops or None if profile else None,
        )
        return row, [Note(self.label, note.reason) for note in profile.notes] if profile else []
