"""run_trials: each trial is a step of a run; what a lost worker left undone is done again."""

from __future__ import annotations

import os
import pickle
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfprune.errors import PruneError, first_line
from tfprune.progress import track
from tfprune.trials.one import Asked, Told, finished, started, work_on
from tfprune.trials.workers import check_workers, parallel

Do = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class TrialOutcome:
    """What became of one trial.

    Args:
        values: What it was tried with.
        record: What the function returned; None if the trial failed.
        failure: Why; empty if it did not.
        folder: Where its files are.
    """

    values: dict[str, Any]
    record: dict[str, Any] | None
    failure: str
    folder: str


def run_trials(
    do: Do,
    trials: Sequence[Mapping[str, Any]],
    *,
    out: str | os.PathLike[str],
    jobs: int | None = None,
    tries: int = 3,
    key: Any = None,
) -> list[TrialOutcome]:
    """Call a function for each trial's values, in processes, and return what each call found.

    The trials go through joblib: `jobs` processes here, or whatever
    `joblib.parallel_config(backend="dask")` or another backend says. What each finds is written
    into `out`, which all workers must see; a trial that is there is not repeated, by whichever
    process it was made. A worker that is killed costs its own trial: what had begun and did not
    end is tried again, one at a time, so that a trial which takes its worker down every time takes
    no other with it.

    Args:
        do: `do(**values)` returns a flat record that JSON can hold. If it takes an argument
            `folder`, it gets the path of a folder for files, which an earlier try may have left
            something in. It and its data travel to the workers by pickle (joblib's cloudpickle).
        trials: The values of each: numbers, text, None, and lists and dicts of them.
        out: The folder of results; on a cluster one that all machines share.
        jobs: How many at a time; None for 1, or what joblib's configuration says.
        tries: How often a trial is begun before it counts as failed.
        key: What else decides the outcome, beside `do` and the values: see `tfprune.runs.digest`.

    Returns:
        An outcome for each trial, in their order. One that raised has the error in `failure`.

    Raises:
        PruneError: values that JSON cannot hold, trials alike, a function that cannot travel, a
            backend that shares memory with this process, or one that starts no trial.
        MissingExtra: joblib is not installed.

    Example:
        >>> import tempfile
        >>> def double(x): return {"is": 2 * x}
        >>> folder = tempfile.mkdtemp()
        >>> [one.record for one in run_trials(double, [{"x": 1}, {"x": 2}], out=folder)]
        [{'is': 2}, {'is': 4}]
    """
    _check(trials, tries, jobs)
    check_workers(jobs)
    call = uuid.uuid4().hex
    asked = [Asked.of(do, values, out, key, call) for values in trials]
    waiting = [one for one in asked if finished(one) is None]
    told: dict[str, Told] = {}
    for batch in _batches(waiting, told, tries):
        _run(do, batch, jobs, told)
    return [_outcome(one, told.get(one.name)) for one in asked]


def _batches(waiting: list[Asked], told: dict[str, Told], tries: int) -> Iterator[list[Asked]]:
    """Yield what is to be run side by side: first all, then what was lost, each alone."""
    fresh = waiting
    while fresh:
        yield fresh
        fresh = [one for one in waiting if one.name not in told]
    for one in waiting:
        for _ in range(tries - started(one)):
            if _is_lost(one, told):
                yield [one]


def _is_lost(one: Asked, told: dict[str, Told]) -> bool:
    """Whether a trial is worth another try: it was cut off, or raised what is no refusal."""
    return finished(one) is None and not told[one.name].refused


def _run(do: Do, batch: list[Asked], jobs: int | None, told: dict[str, Told]) -> None:
    """Run trials side by side until all have ended, or the workers are lost."""
    here = os.getpid()
    try:
        for each in track(parallel(work_on, [(do, one, here) for one in batch], jobs), "trials"):
            told[each.name] = each
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise PruneError(
            "run trials in other processes",
            f"what they need cannot travel there: {first_line(error)}",
            "define the function at the top of a module, and load data inside it, by its path",
        ) from error
    # A backend tells of a lost worker by an error of its own: each has another.
    except Exception as error:
        if not any(map(started, batch)):
            raise PruneError(
                "run trials",
                f"no worker began one: {type(error).__name__}: {first_line(error)}",
                "check the cluster, and that its machines have tfprune and see the folder",
            ) from error
        lost = f"its worker was lost ({type(error).__name__})"
        for one in batch:
            if one.name not in told and started(one):
                told[one.name] = Told(one.name, lost)


def _outcome(one: Asked, told: Told | None) -> TrialOutcome:
    record, why = finished(one), "" if told is None else told.failure
    return TrialOutcome(
        values=dict(one.values),
        record=record,
        failure="" if record is not None else why or "it did not end",
        folder=str(one.folder),
    )


def _check(trials: Sequence[Mapping[str, Any]], tries: int, jobs: int | None) -> None:
    if tries < 1:
        raise PruneError(f"tries={tries}", "each trial is begun once at least", "tries=3")
    if jobs == 0:
        raise PruneError("jobs=0", "nobody would work", "jobs=2, or -1 for one on each core")
    seen: list[Mapping[str, Any]] = []
    for values in trials:
        if values in seen:
            raise PruneError("run trials", f"two are alike: {dict(values)}", "name each once")
        seen.append(values)
