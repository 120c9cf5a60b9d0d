"""What a runner is asked for, checked before a phone is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tfprune.bench.spread import share
from tfprune.errors import PruneError

_MOST_MODELS, _MOST_ROUNDS, _MOST_RUNS = 16, 100, 1_000_000
"""Those of runtimes/native/runner.h and runtimes/native/model.h."""

_MASK = re.compile("(0x)?0*([1-9a-f][0-9a-f]{0,15})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RunnerPlan:
    """What a runner is asked for, in the words of docs/android.md.

    Args:
        labels: What the user calls the models, in order.
        threads: Threads of the interpreter.
        cpu_mask: The cores to run on, in hexadecimal, or `""`.
        xnnpack: Whether the XNNPACK delegate may take ops.
        warmup: Untimed runs; None: until the times settle.
        rounds: Timed runs in each round.
        profile: Runs whose ops are timed.
    """

    labels: tuple[str, ...] = ()
    threads: int = 1
    cpu_mask: str = ""
    xnnpack: bool = True
    warmup: int | None = None
    rounds: tuple[int, ...] = ()
    profile: int = 0

    def settings(self) -> dict[str, str]:
        """Return the settings as docs/android.md names and spells them."""
        settings = {
            "models": len(self.labels),
            "threads": self.threads,
            "xnnpack": int(self.xnnpack),
            "warmup": -1 if self.warmup is None else self.warmup,
            "profile": self.profile,
            "rounds": ",".join(map(str, self.rounds)),
            "cpu_mask": self.cpu_mask,
        }
        return {name: str(value) for name, value in settings.items() if value != ""}

    def to_settings(self) -> dict[str, Any]:
        """Return what was asked for, for `BenchmarkResult.settings`."""
        facts = asdict(self)
        del facts["labels"], facts["profile"]
        return {
            **facts,
            "cpu_mask": self.cpu_mask or None,
            "runs": sum(self.rounds),
            "rounds": len(self.rounds),
        }


def make_plan(
    labels: Iterable[str],
    *,
    threads: int,
    cpu_mask: str | None,
    runs: int,
    rounds: int,
    warmup: int | None,
    xnnpack: bool,
) -> RunnerPlan:
    """Return the plan of a benchmark.

    Raises:
        PruneError: a number is out of its range.

    Example:
        >>> asked = dict(threads=1, cpu_mask="0xF0", runs=5, rounds=2, warmup=None, xnnpack=True)
        >>> plan = make_plan(["dense"], **asked)
        >>> plan.rounds, plan.cpu_mask
        ((3, 2), 'f0')
    """
    named = tuple(labels)
    if len(named) > _MOST_MODELS:
        raise PruneError(f"{len(named)} models", f"at most {_MOST_MODELS}", "name fewer")
    if threads < 1:
        raise PruneError(f"threads={threads}", "at least one thread is needed", "threads=1")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise PruneError(f"rounds={rounds}", f"not from 1 to {_MOST_ROUNDS}", "rounds=5")
    if not rounds <= runs <= _MOST_RUNS:
        found = f"each round needs a run, and there are at most {_MOST_RUNS:,}"
        raise PruneError(f"runs={runs}, rounds={rounds}", found, "runs=50, rounds=5")
    if warmup is not None and not 0 <= warmup <= _MOST_RUNS:
        raise PruneError(f"warmup={warmup}", "it counts runs", "warmup=0, or None for automatic")
    return RunnerPlan(
        labels=named,
        threads=threads,
        cpu_mask=read_mask(cpu_mask),
        xnnpack=xnnpack,
        warmup=warmup,
        rounds=tuple(share(runs, rounds)),
    )


def read_mask(text: str | None) -> str:
    """Return a mask of cores in the form that runners take, `""` for none.

    Raises:
        PruneError: it is no hexadecimal number, or names no core of the first 64.
    """
    if text is None:
        return ""
    match = _MASK.fullmatch(text)
    if match is None:
        found = "not the hexadecimal number of some of 64 cores"
        raise PruneError(f"cpu_mask={text!r}", found, "cpu_mask='f0' for cores 4 to 7")
    return match.group(2).lower()
