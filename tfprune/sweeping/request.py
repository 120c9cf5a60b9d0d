"""sweep: what is to be tried, with which values, checked before the first trial begins."""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfprune.errors import PruneError, near
from tfprune.notes import Note
from tfprune.recipes import Recipe, read_recipe, recipe_of
from tfprune.sweeping.recipe_trial import RecipeTrial
from tfprune.sweeping.result import SweepResult
from tfprune.trials import run_trials

Tried = str | os.PathLike[str] | Recipe | Mapping[str, Any] | Callable[..., Mapping[str, Any]]


def sweep(
    what: Tried,
    over: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    *,
    out: str | os.PathLike[str] = "sweep",
    jobs: int | None = None,
    tries: int = 3,
    key: Any = None,
) -> SweepResult:
    """Try a recipe or a function with every combination of some values, one row each.

    Trials run side by side through joblib: in `jobs` processes on this machine, or on the workers
    of a Dask or Ray cluster inside `joblib.parallel_config(backend="dask")`; docs/sweep.md says
    how. Results lie in `out`, which all workers must see: the same call repeats no trial that ended
    well, and goes on with one that was interrupted. A worker that is killed costs its trial, which
    is tried again; the rows are those of one process.

    Args:
        what: A recipe (a path, a `Recipe`, or nested dicts), which `compress` obeys in each trial;
            its model and data are named by paths. Or a function `what(**values)` that returns a
            flat dict for JSON; if it takes `folder` it is given one.
        over: Values to try by name, all combinations of them: `{"budget.macs": [0.5, 0.4],
            "seed": [0, 1]}` are four trials; of a recipe its settings, with dots. Or a list of the
            combinations themselves.
        out: The folder of results.
        jobs: How many trials at a time; None for 1, or what joblib's configuration says. Times
            taken side by side disturb each other.
        tries: How often a trial is begun before it counts as failed.
        key: For a function: what else decides its outcome, its data for example; with another
            word all is tried anew. Its own code is known.

    Returns:
        A `SweepResult`: rows in the order of the values.

    Raises:
        PruneError: a name or a value is wrong, or nothing could begin.
        FileError: a file cannot be read.
        MissingExtra: joblib is not installed.

    Example:
        >>> import tempfile
        >>> def area(width, height): return {"area": width * height}
        >>> result = sweep(area, {"width": [1, 2], "height": [3]}, out=tempfile.mkdtemp())
        >>> [row.record for row in result.rows]
        [{'area': 3}, {'area': 6}]
    """
    trials = combinations(over)
    if isinstance(what, (str, os.PathLike, Recipe, Mapping)):
        do: Callable[..., Mapping[str, Any]] = _of_recipe(what, trials, key)
    elif callable(what):
        do = what
        _check_arguments(what, trials)
    else:
        found = f"it is a {type(what).__name__}"
        raise PruneError("sweep", found, "give a recipe, or a function of the values")
    rows = run_trials(do, trials, out=out, jobs=jobs, tries=tries, key=key)
    return SweepResult(tuple(rows), str(out), tuple(_notes(do, trials, jobs)))


def combinations(
    over: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the values of each trial, the last name changing fastest.

    Raises:
        PruneError: there are none, or a name has a single value where a list belongs.

    Example:
        >>> combinations({"a": [1, 2], "b": ["x"]})
        [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    if not isinstance(over, Mapping):
        found = [dict(one) for one in over]
    else:
        for name, values in over.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
                fix = f'write {{"{name}": [{values!r}]}}'
                raise PruneError(f"sweep over {name}={values!r}", "it is no list of values", fix)
        found = [dict(zip(over, one, strict=True)) for one in itertools.product(*over.values())]
    if not found or not all(found):
        raise PruneError(f"sweep over {over!r}", "there is nothing to try", "name some values")
    return found


def _of_recipe(what: Any, trials: list[dict[str, Any]], key: Any) -> RecipeTrial:
    """Return the trial of a recipe, each combination being one that a recipe takes."""
    if key is not None:
        raise PruneError("sweep(key=)", "a recipe and its files say it all", "leave key out")
    if isinstance(what, (str, os.PathLike)):
        what = read_recipe(what)
    elif not isinstance(what, Recipe):
        what = recipe_of(what, "sweep")
    trial = RecipeTrial(what)
    for values in trials:
        recipe = trial.recipe_with(values)
        missing = [name for name in ("model", "data") if getattr(recipe, name) is None]
        if missing:
            fix = f"add {missing[0]}: to it, or sweep a function that has its own"
            raise PruneError("sweep a recipe", f"it names no {missing[0]}", fix)
    return trial


def _check_arguments(function: Callable[..., Any], trials: list[dict[str, Any]]) -> None:
    signature = inspect.signature(function)
    known = [name for name in signature.parameters if name != "folder"]
    given = {} if "folder" not in signature.parameters else {"folder": None}
    for values in trials:
        try:
            signature.bind(**values, **given)
        except TypeError as error:
            fix = f"it takes {near(next(iter(values)), known) or 'nothing'}"
            raise PruneError(f"call the function with {values}", str(error), fix) from error


def _notes(do: Any, trials: list[dict[str, Any]], jobs: int | None) -> list[Note]:
    if not isinstance(do, RecipeTrial) or jobs == 1:
        return []
    if not any(do.recipe_with(values).target == "host" for values in trials):
        return []
    alone = "jobs=1 takes them alone"
    return [Note("latency", f"times of trials side by side disturb each other: {alone}")]
