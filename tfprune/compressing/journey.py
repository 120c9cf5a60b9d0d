"""The journey: how small the budget asks for, then step by step as far as the floor allows."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune import files
from tfprune.compressing.exporting import costs_at, trials_of
from tfprune.compressing.floor import Bar, bar_of
from tfprune.compressing.job import Job, Network, TriedFile, best_of
from tfprune.compressing.measuring import given, is_profile, missed
from tfprune.compressing.notches import LAST, first_that, share_at
from tfprune.compressing.planning import judge_of, plan_at
from tfprune.compressing.pruning import (
    dense_network,
    draw_samples,
    smaller_network,
    trained_network,
)
from tfprune.compressing.searching import Forecast, table_of, timed_on
from tfprune.errors import InfeasibleError, PruneError
from tfprune.reports.points import PredictedLatency
from tfprune.runs import FinishedStep

_STRIDE = 4
"""Notches of a step where no budget says how far to go: a third of the work goes."""

_UNMET = "no network is small enough for the budget: going as far as can be"
_UNTIMED = "a profile has no times of networks that are not there yet: going step by step"


@dataclass(frozen=True, kw_only=True)
class Travelled:
    """What a journey found.

    Args:
        bar: The floor.
        samples: What networks were judged, repaired and calibrated by.
        dense: The model as it came.
        networks: Those that were trained, in order.
        trials: All files, in order.
        best: The one to ship.
        goal: The notch that the budget asks for; None if none is small enough, or none is given.
        predicted: What a latency table said, beside what was measured.
    """

    bar: Bar
    samples: FinishedStep
    dense: Network
    networks: list[Network]
    trials: list[TriedFile]
    best: TriedFile
    goal: int | None
    predicted: list[PredictedLatency]


def travel(job: Job) -> Travelled:
    """Go all the way: baseline, sizes, networks, files.

    Raises:
        PruneError: the data or the model are unfit, or nothing can be pruned.
    """
    stages = job.stages
    with stages("draw samples") as stage:
        samples = draw_samples(job)
        stage.say(f"{samples.record['samples']} of {samples.record['of']:,}")
    with stages("judge the dense model") as stage:
        dense = dense_network(job)
        bar = bar_of(job.recipe.floor, dense.metrics)
        stage.say(f"{bar.metric} {bar.dense:.4g}; the floor is {bar.least:.4g}")
        if not bar.passed(dense.metrics):
            stages.remark("the dense model itself is below the floor: only training can reach it")
    trials = _files(job, dense, dense, samples, bar)
    if not trials:  # nor could any be made of a smaller network
        fix = "name other formats: quantize={'precisions': ['float32', 'int8']}"
        raise PruneError(f"compress {job.model.name!r}", "; ".join(stages.remarks), fix)
    forecast = _forecast(job, dense, trials)
    with stages("find the size that the budget asks for") as stage:
        goal, last = _goal(job, dense, samples, forecast)
        asked = given(job.recipe.budget)
        found = last if goal is None and asked else goal
        said = f"about {_percent(found or 0)} of the work" if asked else "no budget"
        stage.say(said if last else "none")
        if goal is None and asked and last:
            stages.remark(_UNMET if not is_profile(job.recipe.target) else _UNTIMED)
    networks = _walk(job, dense, samples, bar, goal, last, trials, forecast)
    best = best_of(trials, bar)
    if is_profile(job.recipe.target) and any("latency" not in own.usage for own in trials):
        stages.remark(_to_time(dense, trials, job.recipe.target))
    return Travelled(
        bar=bar,
        samples=samples,
        dense=dense,
        networks=networks,
        trials=trials,
        best=best,
        goal=goal,
        predicted=forecast.points,
    )


def _forecast(job: Job, dense: Network, files: list[TriedFile]) -> Forecast:
    target = timed_on(job.recipe)
    if target is None or not job.searches:
        return Forecast(None, files)
    with job.stages("measure what each op takes at several widths") as stage:
        table = table_of(job, dense, target)
        stage.say("no table" if table is None else f"{table.files} small files")
    return Forecast(table, files)


def _to_time(dense: Network, trials: list[TriedFile], profile: str) -> str:
    """Return what a user with the phone at hand is to do."""
    paths = [str(dense.done.file("model.tflite")), *(trial.path for trial in trials)]
    different = {files.read_bytes(path): path for path in reversed(paths)}
    command = f"tfprune benchmark {' '.join(reversed(different.values()))}"
    return (
        f"{profile} has no time of some of these files. Where the phone is, run `{command} "
        f"--android --save-profile {profile}`; then the same command as now chooses by these "
        "times, and trains nothing again"
    )


def _percent(notch: int) -> str:
    return f"{100 * share_at(notch):.0f} %"


def _files(
    job: Job, dense: Network, network: Network, samples: FinishedStep, bar: Bar
) -> list[TriedFile]:
    trials = []
    with job.stages(f"files of the {network.name} network") as stage:
        for trial in trials_of(job, dense, network, samples, bar):
            trials.append(trial)
        said = [
            f"{trial.precision} {bar.metric} {trial.metrics[bar.metric]:.4g}" for trial in trials
        ]
        stage.say(", ".join(said) or "none could be made")
    return trials


def _goal(
    job: Job, dense: Network, samples: FinishedStep, forecast: Forecast
) -> tuple[int | None, int]:
    """Return the first notch at which the budget is met, and the last that can be reached."""
    model = job.load(dense.path)
    judge = judge_of(job, dense, model, samples, forecast.table)
    refused: list[str] = []

    def reached(notch: int) -> bool:
        try:
            plan_at(job, dense, model, notch, judge)
        except InfeasibleError as error:
            refused.append(error.found)
            return False
        return True

    beyond = first_that(lambda notch: not reached(notch), 1)
    last = LAST if beyond is None else beyond - 1
    if last == 0:
        job.stages.remark(f"nothing can be pruned: {refused[-1]}")
        return None, 0
    if not given(job.recipe.budget):
        return None, last
    formats = list(job.recipe.quantize.precisions)

    def fits(notch: int) -> bool:
        plan = plan_at(job, dense, model, notch, judge)
        costs = (costs_at(job, dense, samples, plan, name) for name in formats)
        return any(own is not None and not missed(job.recipe.budget, own) for own in costs)

    return first_that(fits, 1, last), last


def _walk(
    job: Job,
    dense: Network,
    samples: FinishedStep,
    bar: Bar,
    goal: int | None,
    last: int,
    trials: list[TriedFile],
    forecast: Forecast,
) -> list[Network]:
    """Prune and train step by step; below the floor, go half a step back and train longer.

    After the budget is met it goes on as long as the floor holds: the fastest is wanted, not the
    first. Each network is pruned from the last one that was above the floor, its widths by the
    latencies that were forecast, as corrected by those before.
    """
    settings, epochs = job.recipe.prune, job.recipe.fine_tune.epochs
    end = goal if goal is not None else last
    stride = _STRIDE if goal is None else max(1, -(-end // settings.steps))
    networks: list[Network] = []
    here, target, longer = dense, min(stride, end), 1
    while len(networks) < settings.trials and here.notch < target <= last:
        trained = " and train" if job.way.trains and epochs else ""
        with job.stages(f"prune to about {_percent(target)}{trained}") as stage:
            try:
                pruned = smaller_network(job, here, target, samples, forecast.table)
            except InfeasibleError as error:  # wide steps of round_to may have left no more to take
                stage.say("it cannot be made")
                job.stages.remark(f"nothing smaller than the {here.name} network: {error.found}")
                break
            network = trained_network(job, dense, pruned, samples, target, longer * epochs, bar)
            networks.append(network)
            start = network.done.record["start"]
            stage.say(f"{bar.metric} {network.metrics[bar.metric]:.4g}, from {start} weights")
        files = _files(job, dense, network, samples, bar)
        trials += files
        forecast.learn(network, pruned, files)
        if any(trial.passed and trial.verified for trial in files):
            here = network
            target = min(here.notch + max(stride, 2), last if here.notch >= end else end)
        else:
            stride, longer = (target - here.notch) // 2, 2
            target = here.notch + stride
    stopped = goal is not None and here.notch < goal and len(networks) == settings.trials
    if stopped and not any(trial.good for trial in trials):
        job.stages.remark(
            f"all of prune.trials={settings.trials} networks were trained before the budget was "
            "met: allow more, or fewer prune.steps"
        )
    return networks
